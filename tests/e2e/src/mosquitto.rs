//! Debian's mosquitto clients, as somebody else's program would use them.

use crate::process::{Ended, Process};
use std::net::SocketAddr;
use tokio::process::Command;

/// A login to try.
#[derive(Clone, Debug)]
pub struct Mosquitto {
    broker: SocketAddr,
    client_id: String,
    user: String,
    password: String,
}

impl Mosquitto {
    /// A client of that id with these credentials.
    pub fn new(broker: SocketAddr, client_id: &str, user: &str, password: &str) -> Self {
        Self { broker, client_id: client_id.to_owned(), user: user.to_owned(), password: password.to_owned() }
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(["-h", &self.broker.ip().to_string(), "-p", &self.broker.port().to_string()]);
        command.args(["-V", "mqttv311", "-q", "1", "-i", &self.client_id, "-u", &self.user, "-P", &self.password]);
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
