//! A screen that looks on: a subscription over WebSocket, most often `switchChanged`.

use crate::model::{Switch, switch_fields};
use crate::road::{Road, Stream};
use crate::wait::{PATIENCE, within};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// An open subscription.
#[derive(Debug)]
pub struct Watch {
    socket: WebSocketStream<Box<dyn Stream>>,
}

impl Watch {
    /// Connects, presents the token and subscribes.
    ///
    /// # Panics
    /// When it is refused.
    pub(crate) async fn open(road: &Road, token: Option<String>, switches: &[String]) -> Self {
        let ids = if switches.is_empty() { Value::Null } else { json!(switches) };
        let query =
            format!("subscription ($ids: [ID!]) {{ switchChanged(switchIds: $ids) {{ {} }} }}", switch_fields());
        Self::subscribe(road, token, json!({ "query": query, "variables": { "ids": ids } })).await
    }

    /// As [`Self::open`], with another subscription.
    pub(crate) async fn subscribe(road: &Road, token: Option<String>, payload: Value) -> Self {
        let mut request = format!("ws://{}/graphql", road.address).into_client_request().expect("a good address");
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let stream = within(PATIENCE, "a connection", road.connect()).await.expect("the API listens");
        let connecting = within(PATIENCE, "a WebSocket", client_async(request, stream)).await;
        let (socket, _) = connecting.unwrap_or_else(|error| panic!("no WebSocket: {error}"));
        let mut watch = Self { socket };
        watch.send(json!({ "type": "connection_init", "payload": { "token": token } })).await;
        let acknowledged = watch.receive(PATIENCE, "the acknowledgement").await;
        assert_eq!(acknowledged["type"], "connection_ack", "{acknowledged}");
        watch.send(json!({ "type": "subscribe", "id": "1", "payload": payload })).await;
        watch
    }

    /// The status of the answer to an upgrade with these headers.
    pub(crate) async fn upgrade(road: &Road, headers: &[(&'static str, &str)]) -> u16 {
        let mut request = format!("ws://{}/graphql", road.address).into_client_request().expect("a good address");
        let protocol = HeaderValue::from_static("graphql-transport-ws");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        let stream = within(PATIENCE, "a connection", road.connect()).await.expect("the API listens");
        match within(PATIENCE, "an answer to the upgrade", client_async(request, stream)).await {
            Ok((_, response)) => response.status().as_u16(),
            Err(Error::Http(response)) => response.status().as_u16(),
            Err(error) => panic!("no answer to the upgrade: {error}"),
        }
    }

    async fn send(&mut self, message: Value) {
        let sent = self.socket.send(Message::text(message.to_string())).await;
        sent.unwrap_or_else(|error| panic!("the WebSocket takes nothing: {error}"));
    }

    async fn receive(&mut self, limit: Duration, what: &str) -> Value {
        loop {
            match within(limit, what, self.socket.next()).await {
                Some(Ok(Message::Text(text))) => {
                    let message: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
                    if message["type"] == "ping" {
                        self.send(json!({ "type": "pong" })).await;
                    } else {
                        return message;
                    }
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("waiting for {what}, the WebSocket said {other:?}"),
            }
        }
    }

    /// The first value of `field` from here on that is as wanted.
    ///
    /// # Panics
    /// When none comes in [`PATIENCE`]; `what` says what was waited for.
    pub async fn value(&mut self, field: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let wait = async {
            loop {
                let mut message = self.receive(PATIENCE, what).await;
                assert_eq!(message["type"], "next", "{message}");
                let value = message["payload"]["data"][field].take();
                if wanted(&value) {
                    return value;
                }
            }
        };
        within(PATIENCE, what, wait).await
    }

    /// Waits until the gateway closes it; the code that it gives.
    ///
    /// # Panics
    /// When it does not in [`PATIENCE`], or just breaks off.
    pub async fn closed(mut self) -> u16 {
        loop {
            match within(PATIENCE, "a close frame", self.socket.next()).await {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("waiting for a close frame, the WebSocket said {other:?}"),
            }
        }
    }

    /// The next state of any switch that is watched.
    pub async fn next(&mut self) -> Switch {
        self.next_within(PATIENCE, "a change of a switch").await
    }

    async fn next_within(&mut self, limit: Duration, what: &str) -> Switch {
        let mut message = self.receive(limit, what).await;
        assert_eq!(message["type"], "next", "{message}");
        let switch = message["payload"]["data"]["switchChanged"].take();
        serde_json::from_value(switch).unwrap_or_else(|error| panic!("{error}: {message}"))
    }

    /// The first state from here on that is as wanted.
    ///
    /// # Panics
    /// When none comes in [`PATIENCE`]; `what` says what was waited for.
    pub async fn until(&mut self, what: &str, wanted: impl FnMut(&Switch) -> bool) -> Switch {
        self.until_within(PATIENCE, what, wanted).await
    }

    /// As [`Self::until`], in other time.
    pub async fn until_within(
        &mut self,
        limit: Duration,
        what: &str,
        mut wanted: impl FnMut(&Switch) -> bool,
    ) -> Switch {
        let wait = async {
            loop {
                let switch = self.next_within(limit, what).await;
                if wanted(&switch) {
                    return switch;
                }
            }
        };
        within(limit, what, wait).await
    }

    /// Waits until each of these switches has been as wanted.
    pub async fn all(&mut self, switches: &[String], what: &str, wanted: impl Fn(&Switch) -> bool) {
        let mut waiting = switches.to_vec();
        while !waiting.is_empty() {
            let reached = self.until(what, |switch| waiting.contains(&switch.id) && wanted(switch)).await;
            waiting.retain(|id| *id != reached.id);
        }
    }
}
