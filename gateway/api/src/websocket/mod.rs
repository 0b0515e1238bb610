//! GraphQL over WebSocket: subscriptions, and queries and mutations too.
//!
//! Our own loop, because the GraphQL library's has no cap on subscriptions, no deadline for `connection_init`, and lets a
//! second operation of the same id silently take the first one's place. Nothing is queued for a client: while one
//! message waits to be taken, no further one is made, and a subscription that so falls behind gets the current states.

mod protocol;

use crate::api::Limits;
use crate::error::refused;
use crate::executor::Prepared;
use crate::http::{self, Http, MAX_BODY, Peer, json};
use crate::viewer::{Asker, Delivery};
use async_graphql::{Response as Answer, Value};
use futures_util::stream::{AbortHandle, Abortable, BoxStream, SelectAll};
use futures_util::{SinkExt, StreamExt, stream};
use gatehouse_core::access::Access;
use poem::http::{StatusCode, header};
use poem::web::websocket::{Message, WebSocket, WebSocketConfig, WebSocketStream};
use poem::{FromRequest, IntoResponse, Request, Response};
use protocol::{Close, Protocol, Said};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, timeout};

/// Subscriptions of one connection.
const MAX_SUBSCRIPTIONS: usize = 50;
/// Queries and mutations of one connection that are under way.
const MAX_PENDING: usize = 512;
/// Buffers of one connection, in bytes; the library's own are 128 KiB each.
const BUFFER: usize = 8 * 1024;
/// How long a client may take to take a close frame.
const CLOSING: Duration = Duration::from_secs(1);

/// Answers an upgrade, and serves the connection.
pub(crate) async fn upgrade(http: Arc<Http>, request: Request, peer: Arc<Peer>, asker: Asker) -> Response {
    let bad = |message| json(StatusCode::BAD_REQUEST, &refused("BAD_INPUT", message));
    let offered = request.headers().get(header::SEC_WEBSOCKET_PROTOCOL).and_then(|names| names.to_str().ok());
    let Some(protocol) = offered.and_then(Protocol::offered) else {
        return bad("Offer the subprotocol graphql-transport-ws or graphql-ws.");
    };
    let Ok(socket) = WebSocket::from_request_without_body(&request).await else {
        return bad("This is no WebSocket upgrade (RFC 6455).");
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_BODY))
        .max_frame_size(Some(MAX_BODY))
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    let delivery = match asker.delivery {
        Delivery::Answer => Delivery::Answer,
        Delivery::Cookie { .. } | Delivery::Nowhere => Delivery::Nowhere,
    };
    let asker = Asker { delivery, ..asker };
    let serve = move |socket| async move {
        let access = http.access.clone();
        Connection { http, asker, protocol, socket, access, _peer: peer }.serve().await;
    };
    socket.config(config).protocols([protocol.name()]).on_upgrade(serve).into_response()
}

struct Connection {
    http: Arc<Http>,
    asker: Asker,
    protocol: Protocol,
    socket: WebSocketStream,
    access: watch::Receiver<Arc<Access>>,
    /// Holds the connection's place.
    _peer: Arc<Peer>,
}

/// Nothing can be said to the client any more.
struct Gone;

/// How a connection ends.
enum End {
    Close(Close),
    Gone,
}

impl From<Gone> for End {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl Connection {
    async fn serve(mut self) {
        let ended = self.http.ended.clone();
        let end = tokio::select! {
            biased;
            () = ended.cancelled() => End::Close(Close::new(1001, "The gateway is stopping.")),
            end = self.talk() => end,
        };
        if let End::Close(Close { code, reason }) = end {
            let close = async {
                let _gone = self.socket.send(Message::close_with(code, reason)).await;
                // Until the client has closed too: whoever closes first with unread input cuts off what it sent.
                while let Some(Ok(_)) = self.socket.next().await {}
            };
            let _late = timeout(CLOSING, close).await;
        }
    }

    async fn talk(&mut self) -> End {
        let limits = self.http.limits;
        let stop = self.http.stop.clone();
        let init = tokio::select! {
            biased;
            () = stop.cancelled() => return End::Close(Close::new(1001, "The gateway is stopping.")),
            init = timeout(limits.init, self.init()) => init,
        };
        match init {
            Err(_) => return End::Close(Close::new(4408, "Connection initialisation timeout")),
            Ok(Err(end)) => return end,
            Ok(Ok(())) => {}
        }
        let mut access = self.access.clone();
        let asker = self.asker.clone();
        // Also while a message waits to be taken: a client that does not read is cut off no later than others.
        tokio::select! {
            biased;
            end = self.operations(limits) => end,
            () = revoked(&mut access, &asker) => End::Close(session_over()),
        }
    }

    /// Until the client has said who it is, and is someone.
    async fn init(&mut self) -> Result<(), End> {
        loop {
            let text = self.receive().await?;
            match protocol::read(&text)? {
                Said::Init { token } => {
                    if let Some(token) = token {
                        self.asker.token = http::presented(&token);
                    }
                    break;
                }
                Said::Ping { payload } => self.send(Protocol::pong(payload)).await?,
                Said::Pong => {}
                Said::Terminate => return Err(End::Gone),
                Said::Start { .. } | Said::Stop { .. } => return Err(Close::new(4401, "Unauthorized").into()),
            }
        }
        if !is_open(&self.access.borrow(), &self.asker) {
            let close = Close::new(4401, "Unauthorized: sign in first.");
            if let Some(text) = self.protocol.rejection(&close) {
                self.send(text).await?;
            }
            return Err(close.into());
        }
        self.send(Protocol::ack()).await?;
        Ok(())
    }

    /// The next text; other messages are answered by the library or are nothing to us.
    async fn receive(&mut self) -> Result<String, End> {
        loop {
            if let Some(text) = text_of(self.socket.next().await)? {
                return Ok(text);
            }
        }
    }

    async fn send(&mut self, text: String) -> Result<(), Gone> {
        self.send_message(Message::Text(text)).await
    }

    /// Leaves a text to go out with the next one that is sent.
    async fn feed(&mut self, text: String) -> Result<(), Gone> {
        match timeout(self.http.limits.send, self.socket.feed(Message::Text(text))).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    async fn send_message(&mut self, message: Message) -> Result<(), Gone> {
        match timeout(self.http.limits.send, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Gone),
        }
    }

    async fn operations(&mut self, limits: Limits) -> End {
        let mut operations = Operations::default();
        let mut pings = pings(limits.ping);
        let stop = self.http.stop.clone();
        let mut alive = true;
        loop {
            if stop.is_cancelled() && operations.pending == 0 {
                return End::Close(Close::new(1001, "The gateway is stopping."));
            }
            let went = tokio::select! {
                message = self.socket.next() => {
                    alive = true;
                    self.message(message, &mut operations).await
                }
                Some((id, event)) = operations.running.next(), if !operations.running.is_empty() => {
                    self.event(&id, event, &mut operations).await
                }
                _ = pings.tick() => {
                    if !alive {
                        return End::Gone;
                    }
                    alive = false;
                    self.send_message(Message::Ping(Vec::new())).await.map_err(End::from)
                }
                () = stop.cancelled(), if !stop.is_cancelled() => Ok(()),
            };
            if let Err(end) = went {
                return end;
            }
        }
    }

    async fn message(
        &mut self,
        message: Option<std::io::Result<Message>>,
        operations: &mut Operations,
    ) -> Result<(), End> {
        let Some(text) = text_of(message)? else { return Ok(()) };
        match protocol::read(&text)? {
            Said::Init { .. } => Err(Close::new(4429, "Too many initialisation requests").into()),
            Said::Ping { payload } => Ok(self.send(Protocol::pong(payload)).await?),
            Said::Pong => Ok(()),
            Said::Terminate => Err(Close::new(1000, "").into()),
            Said::Start { id, request } => self.start(id, request.get(), operations).await,
            Said::Stop { id } => {
                let was = operations.stop(&id);
                if was.is_some() && self.protocol == Protocol::Legacy {
                    self.send(Protocol::complete(&id)).await?;
                }
                Ok(())
            }
        }
    }

    async fn start(&mut self, id: String, request: &str, operations: &mut Operations) -> Result<(), End> {
        if operations.by_id.contains_key(id.as_str()) {
            return Err(Close::new(4409, format!("Subscriber for {} already exists", short(&id))).into());
        }
        let posted = http::parse(request.as_bytes()).map_err(|message| Box::new(refused("BAD_INPUT", message)));
        let prepared = posted.and_then(|posted| self.http.executor.prepare(posted, self.asker.clone()));
        let refusal = match prepared {
            Ok(Prepared::Once(_)) if operations.pending == MAX_PENDING => {
                Box::new(refused("BUSY", "Too many requests are under way on this connection. Wait for answers."))
            }
            Ok(Prepared::Once(run)) => {
                let executor = self.http.executor.clone();
                let answer = stream::once(async move { executor.once(run).await });
                operations.start(id, Kind::Once, answer.boxed());
                return Ok(());
            }
            Ok(Prepared::Stream(_)) if operations.by_id.len() - operations.pending == MAX_SUBSCRIPTIONS => {
                let message = format!("A connection has at most {MAX_SUBSCRIPTIONS} subscriptions. End one first.");
                Box::new(refused("TOO_COMPLEX", message))
            }
            Ok(Prepared::Stream(run)) => {
                operations.start(id, Kind::Subscription, self.http.executor.stream(run));
                return Ok(());
            }
            Err(refusal) => refusal,
        };
        let text = self.protocol.error(&id, &refusal);
        Ok(self.send(text).await?)
    }

    async fn event(&mut self, id: &str, event: Event, operations: &mut Operations) -> Result<(), End> {
        match event {
            Event::Answer(answer) if was_not_run(&answer) => {
                operations.stop(id);
                let text = self.protocol.error(id, &answer);
                Ok(self.send(text).await?)
            }
            Event::Answer(answer) => {
                let text = self.protocol.next(id, &answer);
                if !operations.is_once(id) {
                    return Ok(self.send(text).await?);
                }
                // The answer and its end in one go: a tap wakes its client once.
                operations.stop(id);
                self.feed(text).await?;
                Ok(self.send(Protocol::complete(id)).await?)
            }
            Event::Done => {
                let was = operations.stop(id);
                if matches!(was, Some(Kind::Subscription)) && !self.http.executor.is_signed_in(&self.asker) {
                    return Err(session_over().into());
                }
                Ok(self.send(Protocol::complete(id)).await?)
            }
        }
    }
}

/// The text of a message; none of those that carry none.
fn text_of(message: Option<std::io::Result<Message>>) -> Result<Option<String>, End> {
    match message {
        Some(Ok(Message::Text(text))) => Ok(Some(text)),
        Some(Ok(Message::Binary(bytes))) => {
            let text = String::from_utf8(bytes).map_err(|_| Close::new(4400, "Invalid message: it is not UTF-8."))?;
            Ok(Some(text))
        }
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
        Some(Ok(Message::Close(_))) | None => Err(End::Gone),
        Some(Err(error)) if error.kind() == std::io::ErrorKind::Other => {
            Err(Close::new(1009, "A message is valid text of at most 256 KiB.").into())
        }
        Some(Err(_)) => Err(End::Gone),
    }
}

/// Whether a request was refused as a whole, rather than a field of it.
fn was_not_run(answer: &Answer) -> bool {
    answer.data == Value::Null && answer.is_err() && answer.errors.iter().all(|error| error.path.is_empty())
}

/// A close frame's reason has at most 123 bytes.
fn short(id: &str) -> String {
    id.chars().take(24).collect()
}

fn pings(every: Duration) -> Interval {
    let mut pings = interval_at(Instant::now() + every, every);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pings
}

fn session_over() -> Close {
    Close::new(4403, "The session has ended.")
}

fn is_open(access: &Access, asker: &Asker) -> bool {
    asker.token.as_ref().is_some_and(|token| access.viewer(token).is_some())
}

/// Until the session is over.
async fn revoked(access: &mut watch::Receiver<Arc<Access>>, asker: &Asker) {
    let over = access.wait_for(|access| !is_open(access, asker)).await.is_ok();
    if !over {
        // Nobody tells of sessions any more: the gateway is stopping, and that is told another way.
        std::future::pending().await
    }
}

enum Kind {
    Once,
    Subscription,
}

enum Event {
    Answer(Box<Answer>),
    Done,
}

/// What a connection has under way.
#[derive(Default)]
struct Operations {
    by_id: HashMap<Arc<str>, (Kind, AbortHandle)>,
    /// How many of them are queries and mutations.
    pending: usize,
    running: SelectAll<BoxStream<'static, (Arc<str>, Event)>>,
}

impl Operations {
    fn start(&mut self, id: String, kind: Kind, answers: BoxStream<'static, Answer>) {
        let id: Arc<str> = id.into();
        let (handle, registration) = AbortHandle::new_pair();
        let name = id.clone();
        let events = answers.map(|answer| Event::Answer(Box::new(answer))).chain(stream::iter([Event::Done]));
        let events = Abortable::new(events.map(move |event| (name.clone(), event)), registration);
        self.running.push(events.boxed());
        self.pending += usize::from(matches!(kind, Kind::Once));
        self.by_id.insert(id, (kind, handle));
    }

    fn is_once(&self, id: &str) -> bool {
        matches!(self.by_id.get(id), Some((Kind::Once, _)))
    }

    /// Ends an operation; what it was, if there was one.
    fn stop(&mut self, id: &str) -> Option<Kind> {
        let (kind, handle) = self.by_id.remove(id)?;
        handle.abort();
        self.pending -= usize::from(matches!(kind, Kind::Once));
        Some(kind)
    }
}
