//! A real SMTP server, and the mail it got.

use crate::authority::Authority;
use crate::node::Script;
use serde_json::{Value, json};
use std::net::SocketAddr;

/// A running SMTP server on loopback. It is killed when this is dropped.
#[derive(Debug)]
pub struct SmtpServer {
    script: Script,
    /// Where it listens.
    pub address: SocketAddr,
}

/// A mail as the server got it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Who sent it, by the envelope.
    pub from: String,
    /// Who is to get it, by the envelope.
    pub to: Vec<String>,
    /// Headers and text as sent.
    pub text: String,
    /// Whether it came over TLS.
    pub secure: bool,
    /// What it was answered with: 250 when it was taken.
    pub code: u64,
}

impl Mail {
    /// What the mail says, as a reader shows it: soft line ends are joined (quoted-printable).
    pub fn said(&self) -> String {
        self.text.replace("=\r\n", "").replace("=3D", "=")
    }

    /// What is behind `mark` in it, as far as letters, digits and dashes go: a code in a link.
    ///
    /// # Panics
    /// When `mark` is not in it.
    pub fn behind(&self, mark: &str) -> String {
        let said = self.said();
        let (_, rest) = said.split_once(mark).unwrap_or_else(|| panic!("{mark:?} is missing in: {said}"));
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect()
    }
}

impl SmtpServer {
    /// Without encryption, login and refusals.
    pub async fn plain() -> Self {
        Self::start(json!({})).await
    }

    /// With these options of `tests/node/smtp.mjs`.
    pub async fn start(options: Value) -> Self {
        let mut script = Script::start("smtp.mjs", &options);
        let told = script.told().await;
        let port = told["listening"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        Self { script, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }

    /// These options, and the authority's server.
    pub async fn with(mut options: Value, authority: &Authority) -> Self {
        options["key"] = json!(authority.key);
        options["cert"] = json!(authority.certificate);
        Self::start(options).await
    }

    /// What the server tells next.
    pub async fn told(&mut self) -> Value {
        self.script.told().await
    }

    /// What it told and was not asked for.
    pub fn untold(&self) -> Vec<Value> {
        self.script.untold()
    }

    /// The next mail; what else the server tells meanwhile is passed over.
    pub async fn mail(&mut self) -> Mail {
        loop {
            let told = self.script.told().await;
            let mail = &told["mail"];
            if mail.is_object() {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                return Mail {
                    from: text(&mail["from"]),
                    to: mail["to"].as_array().into_iter().flatten().map(text).collect(),
                    text: text(&mail["text"]),
                    secure: mail["secure"].as_bool().unwrap_or_default(),
                    code: mail["code"].as_u64().unwrap_or_default(),
                };
            }
        }
    }

    /// Lines for the end of a configuration file: this server sends the home's mail.
    pub fn config(&self) -> String {
        format!(
            "[smtp]\nhost = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\nfrom = \"home@example.org\"\n",
            self.address.port()
        )
    }
}
