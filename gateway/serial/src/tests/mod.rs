//! The other side is a board that is told how to misbehave: on a pipe, where time is what the test says, or on a pseudo-terminal.

mod identify;
mod ports;
mod provision;
mod wifi;

use crate::talk::Talk;
use crate::task::Teller;
use gatehouse_core::device::Secret;
use gatehouse_core::name::BoardId;
use gatehouse_core::onboarding::{Attempt, PortEvent, PortName, PortTrouble, Progress, WifiSettings};
use gatehouse_wire::improv::{Command, Decoder, Fault, Handover, State, board};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

/// What a chip says when power comes.
const NOISE: &[u8] = include_bytes!("../../../../tests/vectors/serial/boot_rom_noise.txt");

fn handover() -> Handover {
    Handover {
        board: BoardId::new("relay-a1b2c3").unwrap(),
        secret: Secret::new(&"s".repeat(64)),
        host: "192.168.1.20".into(),
        port: 8883,
        authority: vec![7; 340],
        time: Some(1_790_000_000),
    }
}

fn wifi() -> WifiSettings {
    WifiSettings { ssid: "house".into(), password: Some(Secret::new("password")) }
}

/// A board of ours that does as it should.
#[derive(Default)]
struct Native {
    document: Vec<u8>,
    expects: u8,
    taken: Option<Handover>,
    wifi: Option<(String, String)>,
    /// What it answers, one after the other, to the question how far it has come; the last for good.
    progress: VecDeque<Option<Progress>>,
}

impl Native {
    fn reply(&mut self, command: Result<Command<'_>, Fault>) -> Vec<u8> {
        let command = match command {
            Ok(command) => command,
            Err(fault) => return board::encode_error(fault),
        };
        let number = command.number();
        match command {
            Command::State => board::encode_state(State::Authorized),
            Command::Information => {
                board::encode_result(number, &[b"Gatehouse", b"0.1.0", b"ESP8266", b"relay-a1b2c3"])
            }
            Command::Identity => {
                let strings = ["1", "relay-a1b2c3", "5c:cf:7f:a1:b2:c3", "00a1b2c3", "nodemcuv2", "2", ""];
                board::encode_result(number, &strings.map(str::as_bytes))
            }
            Command::Scan => {
                let networks = [("near", "-60"), ("far", "-80"), ("near", "-40"), ("", "-30"), ("near", "-50")];
                let results = networks
                    .map(|(name, dbm)| board::encode_result(number, &[name.as_bytes(), dbm.as_bytes(), b"YES"]));
                [results.concat(), board::encode_result(number, &[])].concat()
            }
            Command::Handover(chunk) => {
                if chunk.number == 0 {
                    (self.expects, self.document) = (0, Vec::new());
                }
                if chunk.number == self.expects {
                    self.document.extend_from_slice(chunk.bytes);
                    self.expects += 1;
                } else if chunk.number + 1 != self.expects {
                    return board::encode_error(Fault::InvalidRpc);
                }
                if !chunk.last {
                    return board::encode_result(number, &[self.expects.to_string().as_bytes()]);
                }
                match Handover::parse(&self.document) {
                    Ok(handover) => self.taken = Some(handover),
                    Err(_) => return board::encode_error(Fault::InvalidRpc),
                }
                board::encode_result(number, &[b"stored"])
            }
            Command::Wifi { ssid, password } => {
                self.wifi = Some((ssid.to_owned(), password.to_owned()));
                board::encode_state(State::Provisioning)
            }
            Command::Progress => {
                let now = self.progress[0];
                if self.progress.len() > 1 {
                    self.progress.pop_front();
                }
                board::encode_progress(now)
            }
        }
    }
}

/// Answers what comes in at a line, until nothing comes or there is no answer any more.
async fn answer<L, R>(mut line: L, mut reply: R)
where
    L: AsyncRead + AsyncWrite + Unpin,
    R: FnMut(Result<Command<'_>, Fault>) -> Option<Vec<u8>>,
{
    let (mut decoder, mut bytes) = (Decoder::default(), [0; 64]);
    while let Ok(length @ 1..) = line.read(&mut bytes).await {
        decoder.push(&bytes[..length]);
        while let Some(frame) = decoder.frame() {
            let Some(answer) = reply(board::parse_command(&frame)) else { return };
            // A byte at a time: so a frame is split at each.
            for byte in answer {
                if line.write_all(&[byte]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// A conversation with whoever answers so; without an answer it is silent, and with none any more its cable is pulled.
fn talk_with(reply: impl FnMut(Result<Command<'_>, Fault>) -> Option<Vec<u8>> + Send + 'static) -> Talk<DuplexStream> {
    let (ours, theirs) = tokio::io::duplex(512);
    tokio::spawn(answer(theirs, reply));
    Talk::with(ours)
}

/// What a board answers.
type Replies = Box<dyn Fn(Result<Command<'_>, Fault>) -> Vec<u8> + Send + Sync>;

/// A board that several hold: the test looks what it was given.
fn shared(progress: &[Option<Progress>]) -> (Arc<Mutex<Native>>, Replies) {
    let native = Arc::new(Mutex::new(Native { progress: progress.iter().copied().collect(), ..Native::default() }));
    let same = Arc::clone(&native);
    (native, Box::new(move |command| same.lock().unwrap().reply(command)))
}

fn teller() -> (Teller, mpsc::Receiver<PortEvent>) {
    let (events, told) = mpsc::channel(64);
    (Teller { events, port: PortName("/dev/ttyUSB0".into()), attempt: Attempt(7) }, told)
}

/// How an order ended, and what it told.
type Ended = (Result<(), PortTrouble>, Vec<Progress>);
