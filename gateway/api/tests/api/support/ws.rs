//! A WebSocket client that says exactly what the test says.

use super::within;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// A connection, encrypted or not.
pub(crate) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Connection for T {}

pub(crate) struct Socket(pub(crate) WebSocketStream<Box<dyn Connection>>);

/// What the server does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Frame {
    Text(Value),
    Close(u16),
    /// Closed without a word.
    Gone,
}

impl Frame {
    #[track_caller]
    pub(crate) fn text(self) -> Value {
        match self {
            Self::Text(value) => value,
            other => panic!("not a message: {other:?}"),
        }
    }
}

impl Socket {
    /// Upgrades; the HTTP status when the server will not.
    pub(crate) async fn open(address: SocketAddr, protocol: &str, headers: &[(&str, &str)]) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::open_over(Box::new(stream), address, protocol, headers).await
    }

    /// The same over a connection that is open already.
    pub(crate) async fn open_over(
        stream: Box<dyn Connection>,
        address: SocketAddr,
        protocol: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, u16> {
        let mut request = format!("ws://{address}/graphql").into_client_request().unwrap();
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_str(protocol).unwrap());
        for (name, value) in headers {
            let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
            request.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        }
        match within("the upgrade", client_async(request, stream)).await {
            Ok((socket, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol").unwrap();
                assert!(protocol.split(", ").any(|offered| offered == chosen), "{chosen:?}");
                Ok(Self(socket))
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn signed_in(address: SocketAddr, token: &str) -> Self {
        let mut socket = Self::open(address, "graphql-transport-ws", &[]).await.unwrap();
        socket.init(token).await;
        socket
    }

    /// Says who it is.
    pub(crate) async fn init(&mut self, token: &str) {
        self.say(json!({ "type": "connection_init", "payload": { "token": token } })).await;
        assert_eq!(self.next().await, Frame::Text(json!({ "type": "connection_ack" })));
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    pub(crate) async fn subscribe(&mut self, id: &str, query: &str, variables: Value) {
        let payload = json!({ "query": query, "variables": variables });
        self.say(json!({ "type": "subscribe", "id": id, "payload": payload })).await;
    }

    pub(crate) async fn next(&mut self) -> Frame {
        within("a message", async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => return Frame::Text(serde_json::from_str(&text).unwrap()),
                    Some(Ok(Message::Close(Some(frame)))) => return Frame::Close(frame.code.into()),
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(other)) => panic!("{other:?}"),
                    Some(Err(_)) | None => return Frame::Gone,
                }
            }
        })
        .await
    }

    /// The data of the next answer, which must be one of this operation.
    pub(crate) async fn data(&mut self, id: &str) -> Value {
        let message = self.next().await.text();
        assert_eq!(message["type"], "next", "{message}");
        assert_eq!(message["id"], id, "{message}");
        assert!(message["payload"].get("errors").is_none(), "{message}");
        message["payload"]["data"].clone()
    }
}
