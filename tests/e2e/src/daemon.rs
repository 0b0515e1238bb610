//! The daemon as a child process.

use crate::process::{Ended, Process};
use crate::program::gatehouse_program;
use crate::wait::{PATIENCE, within};
use rustix::process::Signal;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::process::Command;
use tokio::time::{MissedTickBehavior, interval};

/// The ready file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ready {
    /// Where HTTP listens.
    pub http: Option<SocketAddr>,
    /// Where HTTPS listens.
    pub https: Option<SocketAddr>,
    /// Where MQTT listens.
    pub mqtt: Option<SocketAddr>,
    /// Where MQTT over TLS listens.
    pub mqtts: Option<SocketAddr>,
    /// While the home has no owner.
    pub claim_code: Option<String>,
    /// The home's CA.
    pub ca: Option<PathBuf>,
}

/// A running daemon. It is killed when this is dropped.
#[derive(Debug)]
pub struct Daemon {
    /// What it said once it was ready.
    pub ready: Ready,
    process: Process,
}

impl Daemon {
    /// The program with `--config`, to be given a command.
    pub fn program(config: &Path) -> Command {
        let mut command = Command::new(gatehouse_program());
        command.arg("--config").arg(config);
        // What is set where the tests run is not what is tested.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("GATEHOUSE_")) {
            command.env_remove(name);
        }
        command
    }

    /// Starts it with this configuration and waits until it listens.
    ///
    /// # Panics
    /// When it ends before.
    pub async fn start(config: &Path) -> Self {
        let ready_file = config.with_extension("ready.json");
        let _none_left_behind = std::fs::remove_file(&ready_file);
        let mut command = Self::program(config);
        command.arg("run").arg("--ready-file").arg(&ready_file).env("GATEHOUSE_LOG", "debug");
        let mut process = Process::start("gatehouse", command);
        let ready = within(PATIENCE, "the ready file", ready(&ready_file, &mut process)).await;
        Self { ready, process }
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub async fn stop(mut self) -> Ended {
        self.process.signal(Signal::TERM);
        self.process.ended().await
    }

    /// Ends it without a warning (SIGKILL).
    pub async fn kill(mut self) {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
    }

    /// Its process, for signals and its log.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// A file cannot be waited for without help of the system, so it is looked for often.
async fn ready(path: &Path, process: &mut Process) -> Ready {
    let mut look = interval(Duration::from_millis(5));
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        if let Ok(text) = std::fs::read_to_string(path) {
            return serde_json::from_str(&text).unwrap_or_else(|error| panic!("the ready file: {error}: {text}"));
        }
        assert!(!process.has_ended(), "the daemon ended before it was ready");
    }
}
