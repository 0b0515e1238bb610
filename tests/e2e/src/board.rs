//! A board: the firmware itself as a process.

use crate::process::{Ended, Process};
use crate::program::board_program;
use crate::wait::{PATIENCE, within};
use rustix::process::Signal;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::process::Command;

/// One movement of a relay, as the board prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// From 1.
    pub relay: usize,
    /// The pin as read back.
    pub on: bool,
    /// `command`, `button`, `boot` …
    pub cause: String,
    /// The command's sequence; 0 when no command moved it.
    pub seq: u32,
}

impl fmt::Display for Movement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "relay {} {} cause={}", self.relay, if self.on { "on" } else { "off" }, self.cause)
    }
}

impl Movement {
    /// # Panics
    /// When the line is not in the form of the contract.
    fn parse(line: &str) -> Self {
        let read = || {
            let mut words = line.split(' ');
            let (Some("relay"), relay, state) = (words.next(), words.next()?.parse().ok()?, words.next()?) else {
                return None;
            };
            let on = ["off", "on"].iter().position(|word| *word == state)? == 1;
            let cause = words.next()?.strip_prefix("cause=")?.to_owned();
            let seq = words.next()?.strip_prefix("seq=")?.parse().ok()?;
            words.next().is_none().then_some(Self { relay, on, cause, seq })
        };
        read().unwrap_or_else(|| panic!("the board printed {line:?}"))
    }
}

/// How a board is started.
#[derive(Clone, Debug)]
pub(crate) struct Wiring {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) relays: usize,
    pub(crate) secret_file: PathBuf,
    pub(crate) flash: PathBuf,
    pub(crate) gateway: SocketAddr,
    /// The home's authority: then it is TLS or nothing.
    pub(crate) ca: Option<PathBuf>,
    /// Whether the flash holds all of it: then nothing is provisioned again.
    pub(crate) provisioned: bool,
    /// Its MAC address, of which its chip id is a part; one made from the path of the flash when none.
    pub(crate) mac: Option<&'static str>,
    /// Ids of its switches, in the order of its relays.
    pub(crate) switches: Vec<String>,
}

impl Wiring {
    pub(crate) fn start(self) -> Board {
        let mut command = Command::new(board_program());
        command.arg("--flash").arg(&self.flash).arg("--relays").arg(self.relays.to_string());
        if let Some(mac) = self.mac {
            command.arg("--mac").arg(mac);
        }
        if !self.provisioned {
            command.arg("--id").arg(&self.id).arg("--secret-file").arg(&self.secret_file);
            command.arg("--gateway").arg(self.gateway.to_string());
            if let Some(ca) = &self.ca {
                command.arg("--ca").arg(ca);
            }
        }
        Board { process: Process::start(&self.id, command), wiring: self, movements: 0, stderr: 0 }
    }
}

/// A running board. It is killed when this is dropped.
#[derive(Debug)]
pub struct Board {
    wiring: Wiring,
    process: Process,
    movements: usize,
    stderr: usize,
}

impl Board {
    /// Its id on the wire.
    pub fn id(&self) -> &str {
        &self.wiring.id
    }

    /// What people call it.
    pub fn name(&self) -> &str {
        &self.wiring.name
    }

    /// The id of the switch of a relay, counted from 1.
    pub fn switch(&self, relay: usize) -> String {
        self.wiring.switches[relay - 1].clone()
    }

    /// The ids of all its switches.
    pub fn switches(&self) -> &[String] {
        &self.wiring.switches
    }

    /// The file with its secret.
    pub fn secret_file(&self) -> &Path {
        &self.wiring.secret_file
    }

    /// The file that is its flash.
    pub fn flash(&self) -> &Path {
        &self.wiring.flash
    }

    /// The secret it was registered with.
    pub fn secret(&self) -> String {
        std::fs::read_to_string(&self.wiring.secret_file).expect("the secret file")
    }

    /// Writes a line to its standard input: `button 1`, `wifi down`, `power-cycle` …
    pub async fn press(&mut self, line: &str) {
        self.process.say(line).await;
    }

    /// The next movement of a relay: every one is seen once and in order, so whoever waits for one also knows that none
    /// came before it.
    ///
    /// # Panics
    /// When none comes.
    pub async fn movement(&mut self) -> Movement {
        let what = format!("{} should move a relay", self.wiring.id);
        let line = within(PATIENCE, &what, self.process.stdout_line(self.movements)).await;
        self.movements += 1;
        Movement::parse(&line.unwrap_or_else(|| panic!("{what}, but it ended")))
    }

    /// Skips what every relay does at power-on, which must be as given, one after the other.
    pub async fn booted(&mut self, states: &[bool]) {
        for (index, on) in states.iter().enumerate() {
            let expected = Movement { relay: index + 1, on: *on, cause: "boot".to_owned(), seq: 0 };
            assert_eq!(self.movement().await, expected);
        }
    }

    /// Movements not yet asked for.
    pub fn movements_left(&self) -> Vec<String> {
        self.process.stdout_so_far().split_off(self.movements)
    }

    /// Waits until it says, from here on, something on standard error that contains `part`.
    pub async fn says(&mut self, part: &str) -> String {
        let (line, next) = self.process.stderr_line(self.stderr, part).await;
        self.stderr = next;
        line
    }

    /// Stops its processor (SIGSTOP): the connection stays open, nothing is answered.
    pub fn freeze(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it go on (SIGCONT).
    pub fn thaw(&self) {
        self.process.signal(Signal::CONT);
    }

    /// Waits for its end.
    pub async fn ended(&mut self) -> Ended {
        self.process.ended().await
    }

    /// Ends it without a warning, and starts it anew with the same flash: a board that lost its power for a while.
    pub async fn replug(mut self) -> Self {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
        Wiring { provisioned: true, ..self.wiring }.start()
    }

    /// Ends it, and starts another board with the same flash: one that somebody copied.
    pub async fn copied(mut self, mac: &'static str) -> Self {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
        Wiring { provisioned: true, mac: Some(mac), ..self.wiring }.start()
    }

    /// Ends it, and provisions it once more with what it was registered with.
    pub async fn reprovision(mut self) -> Self {
        self.process.signal(Signal::KILL);
        self.process.ended().await;
        Wiring { provisioned: false, ..self.wiring }.start()
    }
}
