//! The two subprotocols: what is said, and with which words.
//!
//! `graphql-transport-ws`: <https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>; `graphql-ws`, its
//! forerunner: <https://github.com/apollographql/subscriptions-transport-ws/blob/master/PROTOCOL.md>.

use async_graphql::Response;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Which of the two a connection speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `graphql-transport-ws`.
    Transport,
    /// `graphql-ws`.
    Legacy,
}

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close {
    pub(super) code: u16,
    pub(super) reason: String,
}

impl Close {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into() }
    }
}

/// What a client says.
#[derive(Debug)]
pub(super) enum Said<'a> {
    Init { token: Option<String> },
    Ping { payload: Option<&'a RawValue> },
    Pong,
    Start { id: String, request: &'a RawValue },
    Stop { id: String },
    Terminate,
}

#[derive(Deserialize)]
struct Frame<'a> {
    r#type: &'a str,
    #[serde(default)]
    id: Option<String>,
    #[serde(borrow, default)]
    payload: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct InitPayload {
    #[serde(default)]
    token: Option<String>,
}

/// What a text message says, or why it says nothing.
pub(super) fn read(text: &str) -> Result<Said<'_>, Close> {
    let bad = |what: &str| Close::new(4400, format!("Invalid message: {what}"));
    let frame: Frame<'_> = serde_json::from_str(text).map_err(|_| bad("it is not JSON with a type."))?;
    let id = |id: Option<String>| id.ok_or_else(|| bad("it has no id."));
    Ok(match frame.r#type {
        "connection_init" => {
            // A payload of another shape is some other program's business: it just holds no token.
            let payload = frame.payload.and_then(|raw| serde_json::from_str::<InitPayload>(raw.get()).ok());
            Said::Init { token: payload.unwrap_or_default().token }
        }
        "ping" => Said::Ping { payload: frame.payload },
        "pong" => Said::Pong,
        "subscribe" | "start" => {
            Said::Start { id: id(frame.id)?, request: frame.payload.ok_or_else(|| bad("it has no payload."))? }
        }
        "complete" | "stop" => Said::Stop { id: id(frame.id)? },
        "connection_terminate" => Said::Terminate,
        _ => return Err(bad("its type is unknown.")),
    })
}

#[derive(Serialize)]
struct Out<'a, T> {
    r#type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<T>,
}

fn text<T: Serialize>(r#type: &str, id: Option<&str>, payload: Option<T>) -> String {
    serde_json::to_string(&Out { r#type, id, payload }).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be written");
        String::new()
    })
}

impl Protocol {
    /// The first of the offered subprotocols that we speak.
    pub(super) fn offered(header: &str) -> Option<Self> {
        header.split(',').find_map(|name| match name.trim() {
            "graphql-transport-ws" => Some(Self::Transport),
            "graphql-ws" => Some(Self::Legacy),
            _ => None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Transport => "graphql-transport-ws",
            Self::Legacy => "graphql-ws",
        }
    }

    pub(super) fn ack() -> String {
        text::<()>("connection_ack", None, None)
    }

    pub(super) fn pong(payload: Option<&RawValue>) -> String {
        text("pong", None, payload)
    }

    /// What is sent before a connection is closed for want of a session; the newer protocol has only the close code.
    pub(super) fn rejection(self, close: &Close) -> Option<String> {
        let payload = serde_json::json!({ "message": close.reason });
        (self == Self::Legacy).then(|| text("connection_error", None, Some(payload)))
    }

    /// An answer, or one of several.
    pub(super) fn next(self, id: &str, response: &Response) -> String {
        let r#type = match self {
            Self::Transport => "next",
            Self::Legacy => "data",
        };
        text(r#type, Some(id), Some(response))
    }

    /// A request that was not run; nothing follows.
    pub(super) fn error(self, id: &str, response: &Response) -> String {
        match self {
            Self::Transport => text("error", Some(id), Some(&response.errors)),
            Self::Legacy => text("error", Some(id), response.errors.first()),
        }
    }

    pub(super) fn complete(id: &str) -> String {
        text::<()>("complete", Some(id), None)
    }
}
