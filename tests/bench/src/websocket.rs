//! One kept WebSocket with the subprotocol graphql-transport-ws.

use crate::graphql::Frame;
use anyhow::{Context, bail};
use futures_util::{FutureExt, SinkExt, StreamExt};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// How long the gateway may take to let a client in.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that has been let in.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects and signs in.
    pub(crate) async fn connect(address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{address}/graphql").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("graphql-transport-ws"));
        let (stream, _) = tokio_tungstenite::client_async(request, stream).await.context("no WebSocket")?;
        let mut socket = Self(stream);
        socket.put(format!(r#"{{"type":"connection_init","payload":{{"token":"{token}"}}}}"#)).await?;
        socket.flush().await?;
        let text = timeout(TIMEOUT, socket.next()).await.context("no connection_ack in time")??;
        match Frame::<()>::read(&text)? {
            Frame { kind: "connection_ack", .. } => Ok(socket),
            _ => bail!("the gateway answered connection_init with {text}"),
        }
    }

    /// Puts an operation into the next write.
    pub(crate) async fn subscribe(&mut self, id: &str, request: &str) -> anyhow::Result<()> {
        self.put(format!(r#"{{"type":"subscribe","id":"{id}","payload":{request}}}"#)).await
    }

    /// Writes what was put in.
    pub(crate) async fn flush(&mut self) -> anyhow::Result<()> {
        Ok(self.0.flush().await?)
    }

    /// The next text; nothing is lost when the wait is given up.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Utf8Bytes> {
        loop {
            if let Some(text) = text_of(self.0.next().await)? {
                return Ok(text);
            }
        }
    }

    /// The next text that has arrived already.
    pub(crate) fn arrived(&mut self) -> anyhow::Result<Option<Utf8Bytes>> {
        while let Some(message) = self.0.next().now_or_never() {
            if let Some(text) = text_of(message)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    async fn put(&mut self, text: String) -> anyhow::Result<()> {
        Ok(self.0.feed(Message::text(text)).await?)
    }
}

/// The text of a message; none of those that carry none.
fn text_of(message: Option<Result<Message, Error>>) -> anyhow::Result<Option<Utf8Bytes>> {
    match message.context("the gateway closed the connection")?? {
        Message::Text(text) => Ok(Some(text)),
        Message::Close(close) => bail!("the gateway closed the WebSocket: {close:?}"),
        _ => Ok(None),
    }
}
