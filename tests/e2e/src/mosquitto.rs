//! Debian's mosquitto clients, as somebody else's program would use them.

use crate::process::{Ended, Process};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// A login to try.
#[derive(Clone, Debug)]
pub struct Mosquitto {
    broker: SocketAddr,
    client_id: String,
    user: String,
    password: String,
    ca: Option<PathBuf>,
}

impl Mosquitto {
    /// A client of that id with these credentials.
    pub fn new(broker: SocketAddr, client_id: &str, user: &str, password: &str) -> Self {
        let [client_id, user, password] = [client_id, user, password].map(str::to_owned);
        Self { broker, client_id, user, password, ca: None }
    }

    /// The same client over TLS; it trusts the authority in the file `ca`.
    #[must_use]
    pub fn over_tls(self, ca: &Path) -> Self {
        Self { ca: Some(ca.to_owned()), ..self }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", &self.broker.ip().to_string(), "-p", &self.broker.port().to_string()]);
        command.args(["-V", "mqttv311", "-q", "1", "-i", &self.client_id, "-u", &self.user, "-P", &self.password]);
        if let Some(ca) = &self.ca {
            command.arg("--cafile").arg(ca);
        }
        command.args(arguments);
        command
    }

    /// Publishes, and waits until the broker has acknowledged it; `arguments` as mosquitto_pub has them.
    pub async fn publish(&self, arguments: &[&str]) -> Ended {
        Process::run("mosquitto_pub", self.command("mosquitto_pub", arguments)).await
    }

    /// Subscribes, to its end; `arguments` as mosquitto_sub has them (`-E`: leave once subscribed; `-W`: after seconds).
    pub async fn subscribe(&self, arguments: &[&str]) -> Ended {
        Process::run("mosquitto_sub", self.command("mosquitto_sub", arguments)).await
    }

    /// Subscribes, and goes on listening.
    pub fn listen(&self, arguments: &[&str]) -> Process {
        Process::start("mosquitto_sub", self.command("mosquitto_sub", arguments))
    }
}
