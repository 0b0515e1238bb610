//! A program that speaks to the API over HTTP.

use crate::model::{COMMAND, Command, Switch, switch_fields};
use crate::road::Road;
use crate::wait::{PATIENCE, within};
use crate::watch::Watch;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

/// An answer over HTTP.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpAnswer {
    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// The first error of a GraphQL answer.
#[derive(Clone, Debug)]
pub struct Refused {
    /// `extensions.code`.
    pub code: String,
    /// For people.
    pub message: String,
    /// All extensions.
    pub extensions: Value,
}

/// Someone who asks. Cheap to clone; each question is a connection of its own.
#[derive(Clone, Debug)]
pub struct Client {
    road: Road,
    token: Option<String>,
}

impl Client {
    /// Someone who is signed in with `token`, or not at all.
    pub fn new(http: SocketAddr, token: Option<String>) -> Self {
        Self { road: Road::plain(http), token }
    }

    /// Someone who is not signed in, over TLS; trusts the authority in the file `ca` and nobody else.
    pub fn over_tls(https: SocketAddr, ca: &Path) -> Self {
        Self { road: Road::tls(https, ca), token: None }
    }

    /// The same person with another token.
    #[must_use]
    pub fn with_token(&self, token: Option<String>) -> Self {
        Self { road: self.road.clone(), token }
    }

    /// The same person at another address; all of 127.0.0.0/8 are this machine's.
    #[must_use]
    pub fn at(&self, from: IpAddr) -> Self {
        Self { road: self.road.at(from), token: self.token.clone() }
    }

    /// The token, when signed in.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Where the API is.
    pub fn address(&self) -> SocketAddr {
        self.road.address
    }

    /// One request; headers are whole lines. A `host:` among them stands for our own.
    pub async fn request(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> HttpAnswer {
        within(PATIENCE, &format!("answer to {method} {path}"), self.exchange(method, path, headers, body))
            .await
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    async fn exchange(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> std::io::Result<HttpAnswer> {
        let mut stream = self.road.connect().await?;
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|header| header.starts_with("host:")) {
            head.push_str(&format!("host: {}\r\n", self.address()));
        }
        head.push_str(&format!("content-length: {}\r\n", body.len()));
        for header in headers {
            head.push_str(&format!("{header}\r\n"));
        }
        head.push_str("\r\n");
        // A server that refuses early need not read all of it.
        let _refused_early = stream.write_all(&[head.as_bytes(), body].concat()).await;
        let mut bytes = Vec::new();
        match stream.read_to_end(&mut bytes).await {
            Err(error) if bytes.is_empty() => return Err(error),
            _ => {}
        }
        parse(&bytes).ok_or_else(|| std::io::Error::other("no whole HTTP answer"))
    }

    /// Posts to `/graphql`, with the token.
    pub async fn post(&self, body: &[u8]) -> HttpAnswer {
        let answer = within(PATIENCE, "answer to POST /graphql", self.try_post(body)).await;
        answer.unwrap_or_else(|error| panic!("POST /graphql: {error}"))
    }

    /// The same to a gateway that may go away meanwhile.
    pub async fn try_post(&self, body: &[u8]) -> std::io::Result<HttpAnswer> {
        let bearer = self.token.as_ref().map(|token| format!("authorization: Bearer {token}"));
        let mut headers = vec!["content-type: application/json"];
        headers.extend(bearer.as_deref());
        self.exchange("POST", "/graphql", &headers, body).await
    }

    /// Asks; the answer's `data`, or its first error.
    pub async fn try_ask(&self, document: &str, variables: Value) -> Result<Value, Refused> {
        let body = json!({ "query": document, "variables": variables }).to_string();
        let mut answer = self.post(body.as_bytes()).await.json();
        let Some(error) = answer["errors"].get(0) else { return Ok(answer["data"].take()) };
        Err(Refused {
            code: error["extensions"]["code"].as_str().unwrap_or_default().to_owned(),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
            extensions: error["extensions"].clone(),
        })
    }

    /// Asks for `field` of the answer's `data`.
    ///
    /// # Panics
    /// When there is an error, or the answer is not of that form.
    pub async fn ask<T: DeserializeOwned>(&self, field: &str, document: &str, variables: Value) -> T {
        let mut data = self.try_ask(document, variables).await.unwrap_or_else(|error| panic!("{document}: {error:?}"));
        serde_json::from_value(data[field].take()).unwrap_or_else(|error| panic!("{document}: {error}"))
    }

    /// Taps: answers when the command has settled.
    pub async fn set(&self, switch: &str, on: bool) -> Command {
        self.set_within(switch, on, 5_000).await
    }

    /// Taps, with the time the board gets, in milliseconds.
    pub async fn set_within(&self, switch: &str, on: bool, timeout_ms: u32) -> Command {
        let document = format!("mutation ($input: SetSwitchInput!) {{ setSwitch(input: $input) {{ {COMMAND} }} }}");
        let input = json!({ "switchId": switch, "on": on, "timeoutMs": timeout_ms });
        self.ask("setSwitch", &document, json!({ "input": input })).await
    }

    /// Taps, and goes on at once.
    pub fn start_set(&self, switch: &str, on: bool, timeout_ms: u32) -> JoinHandle<Command> {
        let (client, switch) = (self.clone(), switch.to_owned());
        tokio::spawn(async move { client.set_within(&switch, on, timeout_ms).await })
    }

    /// A command by its id.
    pub async fn command(&self, id: &str) -> Option<Command> {
        let document = format!("query ($id: ID!) {{ command(id: $id) {{ {COMMAND} }} }}");
        self.ask("command", &document, json!({ "id": id })).await
    }

    /// A switch by its id.
    ///
    /// # Panics
    /// When there is none.
    pub async fn switch(&self, id: &str) -> Switch {
        let document = format!("query ($id: ID!) {{ switch(id: $id) {{ {} }} }}", switch_fields());
        let switch: Option<Switch> = self.ask("switch", &document, json!({ "id": id })).await;
        switch.unwrap_or_else(|| panic!("there is no switch {id}"))
    }

    /// All switches.
    pub async fn switches(&self) -> Vec<Switch> {
        let document = format!("{{ switches {{ {} }} }}", switch_fields());
        self.ask("switches", &document, json!({})).await
    }

    /// The status that a WebSocket is answered with; 101 when it is opened.
    pub async fn upgrade(&self, headers: &[(&'static str, &str)]) -> u16 {
        Watch::upgrade(&self.road, headers).await
    }

    /// Looks on: every change of these switches, or of all.
    pub async fn watch(&self, switches: &[String]) -> Watch {
        Watch::open(&self.road, self.token.clone(), switches).await
    }

    /// Looks on by a subscription without variables.
    pub async fn subscribe(&self, subscription: &str) -> Watch {
        Watch::subscribe(&self.road, self.token.clone(), json!({ "query": subscription })).await
    }
}

fn parse(bytes: &[u8]) -> Option<HttpAnswer> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(bytes).ok()? else { return None };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let status = response.code?;
    let headers: Vec<_> =
        response.headers.iter().map(|header| (header.name.to_lowercase(), text(header.value))).collect();
    let mut body = bytes[length..].to_vec();
    if headers.iter().any(|(name, value)| name == "transfer-encoding" && value == "chunked") {
        body = unchunked(&body)?;
    }
    Some(HttpAnswer { status, headers, body })
}

fn unchunked(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let httparse::Status::Complete((start, size)) = httparse::parse_chunk_size(bytes).ok()? else { return None };
        let end = start + usize::try_from(size).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(bytes.get(start..end)?);
        bytes = bytes.get(end + 2..)?;
    }
}
