//! A server of `tests/node` as a child process: it tells what happens as one JSON object a line.

use crate::process::Process;
use crate::program::node_script;
use crate::wait::{PATIENCE, within};
use serde_json::Value;
use tokio::process::Command;

/// A running server. It is killed when this is dropped.
#[derive(Debug)]
pub struct Script {
    name: String,
    process: Process,
    read: usize,
}

impl Script {
    /// Starts it with these options.
    pub fn start(name: &str, options: &Value) -> Self {
        let mut command = Command::new("node");
        command.arg(node_script(name)).arg(options.to_string());
        Self { name: name.to_owned(), process: Process::start(name, command), read: 0 }
    }

    /// What it tells next.
    ///
    /// # Panics
    /// When it ends, or time passes, before it tells anything.
    pub async fn told(&mut self) -> Value {
        let what = format!("{} should tell something", self.name);
        let line = within(PATIENCE, &what, self.process.stdout_line(self.read)).await;
        let line = line.unwrap_or_else(|| panic!("{what}, but it ended"));
        self.read += 1;
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{}: {error}: {line}", self.name))
    }

    /// What it has told since it was asked last, and is there already.
    pub fn untold(&self) -> Vec<Value> {
        let lines = self.process.stdout_so_far();
        lines.iter().skip(self.read).filter_map(|line| serde_json::from_str(line).ok()).collect()
    }
}
