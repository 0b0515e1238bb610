//! Sends the home's mail through the SMTP server that the owner configured.
//!
//! **Invariants.** Nothing is sent but to that server, and over TLS unless it is this very machine. What a letter says, whom
//! it is for and the password are never logged. Letters wait in memory only: a restart forgets them, and whoever asked asks
//! again. What waits, and for how long, is bounded.

mod message;
mod server;

pub use server::{Encryption, Login, Server, Trust};

use gatehouse_core::mail::Letter;
use lettre::transport::smtp::{self, AsyncSmtpTransport};
use lettre::{AsyncTransport, Tokio1Executor};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Letters that wait for another try; while there are so many, no further ones are taken from the queue.
const MAX_WAITING: usize = 32;

/// How patient to be with a server that cannot be reached or says to come back later.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// How long one try may take, from the connection to the server's answer.
    pub attempt: Duration,
    /// How long to wait after the first try; each further wait is twice as long.
    pub first: Duration,
    /// Longest wait.
    pub most: Duration,
    /// How long after it came a letter is given up.
    pub give_up: Duration,
}

impl Default for Patience {
    /// What greylisting servers ask for, within the half hour that a person looks into their mailbox.
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(30),
            first: Duration::from_secs(5),
            most: Duration::from_secs(5 * 60),
            give_up: Duration::from_secs(30 * 60),
        }
    }
}

/// Why mail cannot be sent at all as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The authority's file holds no certificate.
    #[error("there is no certificate in PEM in it")]
    NoCertificate,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up for {host}: {source}")]
    Tls {
        /// The server's name.
        host: String,
        /// What the library says.
        source: smtp::Error,
    },
}

/// What sends mail.
#[derive(Debug)]
pub struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    server: Server,
    patience: Patience,
}

/// A letter that was not sent yet.
struct Waiting {
    letter: Letter,
    /// When to try again.
    due: Instant,
    /// When to give up.
    until: Instant,
    /// How long to wait after the next try.
    pause: Duration,
}

/// What came of one try.
enum Attempt {
    Sent,
    /// To be tried again then.
    Again(Instant),
    GivenUp,
}

enum Next {
    Stop,
    New(Letter),
    Due(usize),
}

impl Post {
    /// What sends through this server. Nothing is connected yet.
    pub fn new(server: Server, patience: Patience) -> Result<Self, Error> {
        Ok(Self { transport: server.transport(patience.attempt)?, server, patience })
    }

    /// Sends `letters`, one at a time, until `stop` or until nobody can send any more. For each that is given up `failed` is
    /// called; it must not block.
    pub async fn run(self, mut letters: mpsc::Receiver<Letter>, mut failed: impl FnMut(), stop: CancellationToken) {
        let mut waiting: Vec<Waiting> = Vec::new();
        loop {
            let letter = match next(&mut letters, &waiting, &stop).await {
                Next::Stop => break,
                Next::New(letter) => {
                    let now = Instant::now();
                    Waiting { letter, due: now, until: now + self.patience.give_up, pause: self.patience.first }
                }
                Next::Due(index) => waiting.swap_remove(index),
            };
            let ended = tokio::select! {
                () = stop.cancelled() => {
                    waiting.push(letter);
                    break;
                }
                ended = self.attempt(&letter) => ended,
            };
            match ended {
                Attempt::Sent => {}
                Attempt::Again(due) => {
                    waiting.push(Waiting { due, pause: (letter.pause * 2).min(self.patience.most), ..letter });
                }
                Attempt::GivenUp => failed(),
            }
        }
        let left = waiting.len() + letters.len();
        if left > 0 {
            tracing::warn!(left, "mail that was not sent yet is forgotten: whoever asked for it has to ask again");
        }
    }

    async fn attempt(&self, waiting: &Waiting) -> Attempt {
        let (subject, host) = (&waiting.letter.subject, &self.server.host);
        let message = match message::message(&waiting.letter, &self.server.from) {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(%error, subject, "a mail could not be written");
                return Attempt::GivenUp;
            }
        };
        let (why, may_pass) = match timeout(self.patience.attempt, self.transport.send(message)).await {
            Ok(Ok(_answer)) => {
                tracing::info!(subject, "a mail was sent");
                return Attempt::Sent;
            }
            Ok(Err(error)) => (said(&error), !error.is_permanent() && !error.is_client()),
            Err(_) => ("it took too long".to_owned(), true),
        };
        let due = Instant::now() + waiting.pause;
        if may_pass && due < waiting.until {
            tracing::warn!(host, why, subject, "a mail was not sent; it is tried again");
            Attempt::Again(due)
        } else {
            tracing::error!(host, why, subject, "a mail was given up");
            Attempt::GivenUp
        }
    }
}

async fn next(letters: &mut mpsc::Receiver<Letter>, waiting: &[Waiting], stop: &CancellationToken) -> Next {
    let soonest = waiting.iter().enumerate().min_by_key(|(_, waiting)| waiting.due);
    let soonest = soonest.map(|(index, waiting)| (index, waiting.due));
    tokio::select! {
        biased;
        () = stop.cancelled() => Next::Stop,
        () = sleep_until(soonest.map_or_else(Instant::now, |(_, due)| due)), if soonest.is_some() => {
            Next::Due(soonest.map_or(0, |(index, _)| index))
        }
        letter = letters.recv(), if waiting.len() < MAX_WAITING => letter.map_or(Next::Stop, Next::New),
    }
}

/// An error with what caused it, on one line.
fn said(error: &smtp::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let cause_said = cause.to_string();
        if !text.contains(&cause_said) {
            text = format!("{text}: {cause_said}");
        }
        source = cause.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
