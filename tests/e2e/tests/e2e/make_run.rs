//! `make run`, from its script on: a gateway with three boards in the foreground, and nothing left when it ends.

use gatehouse_e2e::{Client, PATIENCE, Process, board_program, claim_input, gatehouse_program, repository, within};
use rustix::io::Errno;
use rustix::process::{Signal, kill_process_group, test_kill_process_group};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::process::Command;

struct Demo {
    script: Process,
    link: String,
}

/// Starts it as `make run` does, and waits for its last line.
async fn start(dir: &Path) -> Demo {
    let mut command = Command::new(repository().join("tests/support/run"));
    command.env("RUN_DIR", dir).env("GATEHOUSE", gatehouse_program()).env("BOARD", board_program());
    // A group of its own, as a shell gives to what stands in the foreground.
    command.process_group(0);
    let mut script = Process::start("tests/support/run", command);
    let mut number = 0;
    let last = async {
        loop {
            let line = script.stdout_line(number).await.expect("it ended before it was ready");
            number += 1;
            if let Some(link) = line.strip_prefix("Open ") {
                return link.to_owned();
            }
        }
    };
    let link = within(PATIENCE, "the link", last).await;
    Demo { script, link }
}

impl Demo {
    fn client(&self) -> (Client, String) {
        let rest = self.link.strip_prefix("http://").expect("a link");
        let (address, path) = rest.split_once('/').expect("a path");
        (Client::new(address.parse().expect("an address"), None), path.to_owned())
    }

    /// Ends it by `signal` to everyone in its group, or to the script alone.
    async fn end(mut self, signal: Signal, everyone: bool) {
        let group = self.script.pid();
        if everyone {
            kill_process_group(group, signal).expect("it runs");
        } else {
            self.script.signal(signal);
        }
        let ended = self.script.ended().await;
        assert_eq!(ended.stdout.lines().last().and_then(|line| line.strip_prefix("Open ")), Some(self.link.as_str()));
        // Whoever is left would be found in the group; a zombie goes when its parent has looked.
        let gone = async {
            let mut look = tokio::time::interval(Duration::from_millis(10));
            while test_kill_process_group(group) != Err(Errno::SRCH) {
                look.tick().await;
            }
        };
        within(PATIENCE, "no process is left", gone).await;
    }
}

/// The log once it holds `part`.
async fn log_with(path: &Path, part: &str) -> String {
    let held = async {
        let mut look = tokio::time::interval(Duration::from_millis(10));
        loop {
            look.tick().await;
            let log = std::fs::read_to_string(path).expect("the log");
            if log.contains(part) {
                return log;
            }
        }
    };
    within(PATIENCE, part, held).await
}

#[tokio::test]
async fn it_opens_a_home_with_three_boards_and_leaves_nothing_running() {
    let dir = TempDir::new().unwrap();
    let demo = start(dir.path()).await;
    let (visitor, path) = demo.client();
    let code = path.strip_prefix("claim#").expect("a new home is to be claimed");
    let ready: Value = serde_json::from_str(&std::fs::read_to_string(dir.path().join("ready.json")).unwrap()).unwrap();
    assert_eq!(
        (ready["claimCode"].as_str(), ready["http"].as_str()),
        (Some(code), Some(&*visitor.address().to_string()))
    );
    let document = "mutation ($input: ClaimGatewayInput!) { claimGateway(input: $input) { token } }";
    let session: Value = visitor.ask("claimGateway", document, claim_input(code)).await;
    let owner = visitor.with_token(session["token"].as_str().map(str::to_owned));

    let switches = owner.switches().await;
    assert_eq!(switches.len(), 6);
    let online: Vec<_> = switches.iter().filter(|switch| switch.is_online()).map(|switch| &switch.name).collect();
    assert_eq!(online.len(), 6, "{online:?}");
    let kitchen = switches.iter().find(|switch| switch.name == "Kitchen 1").expect("a switch in the kitchen");
    assert_eq!(owner.set(&kitchen.id, true).await.end(), ("CONFIRMED", None));
    let mut screen = owner.watch(std::slice::from_ref(&kitchen.id)).await;
    std::fs::write(dir.path().join("board-1.in"), "button 1\n").unwrap();
    let pressed = screen.until("the button", |switch| switch.on == Some(false)).await;
    assert_eq!(pressed.changed_by(), "BUTTON");
    // The board tells the gateway first, then its log.
    let log = log_with(&dir.path().join("board-1.log"), "relay 1 off cause=button").await;
    assert!(log.contains("relay 1 on cause=command"), "{log}");
    // What its board has then is not what it was provisioned with.
    let mut rotate = Command::new(gatehouse_program());
    rotate.args(["board", "rotate", "relay-000001", "--config"]).arg(dir.path().join("config.toml"));
    let rotated = Process::run("gatehouse", rotate).await;
    assert_eq!((rotated.code, rotated.stderr.as_str()), (Some(0), ""));
    demo.end(Signal::INT, true).await;

    let demo = start(dir.path()).await;
    let (visitor, path) = demo.client();
    assert_eq!(path, "", "the home has its owner");
    let owner = visitor.with_token(owner.token().map(str::to_owned));
    assert_eq!(owner.switches().await.iter().filter(|switch| switch.is_online()).count(), 6);
    demo.end(Signal::TERM, false).await;
}

#[tokio::test]
async fn it_says_why_when_it_cannot_start() {
    let dir = TempDir::new().unwrap();
    std::fs::write(dir.path().join("data"), "a file").unwrap();
    let mut command = Command::new(repository().join("tests/support/run"));
    command.env("RUN_DIR", dir.path()).env("GATEHOUSE", gatehouse_program()).env("BOARD", board_program());
    let ended = Process::run("tests/support/run", command).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(ended.stderr.contains("data directory"), "{}", ended.stderr);
}
