//! A conversation with whoever is at the other end of a line.

use gatehouse_core::onboarding::PortTrouble;
use gatehouse_wire::improv::{Answer, BootLoaderEar, Command, Decoder, Fault};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long an answer may take before the question is asked again.
pub(crate) const ANSWER: Duration = Duration::from_secs(1);
/// How often a question is asked.
const TRIES: usize = 3;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The port went away.
    Gone,
    /// Nobody says anything, or nothing that answers.
    Silent,
    /// The board says that it will not.
    Refused(Fault),
}

impl From<NoAnswer> for PortTrouble {
    fn from(why: NoAnswer) -> Self {
        match why {
            NoAnswer::Gone => Self::Gone,
            NoAnswer::Silent => Self::Silent,
            NoAnswer::Refused(Fault::NotStored) => Self::NotStored,
            NoAnswer::Refused(Fault::UnableToConnect) => Self::UnableToConnect,
            NoAnswer::Refused(_) => Self::NotTaken,
        }
    }
}

/// What was heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// Improv.
    Answer(Answer),
    /// The chip says that it waits in its boot loader.
    BootLoader,
}

/// A line and what has come of it.
pub(crate) struct Talk<L> {
    line: L,
    decoder: Decoder,
    ear: BootLoaderEar,
}

impl<L: AsyncRead + AsyncWrite + Unpin> Talk<L> {
    /// Begins one.
    pub(crate) fn with(line: L) -> Self {
        Self { line, decoder: Decoder::default(), ear: BootLoaderEar::default() }
    }

    /// Sends bytes. They have a second: a line that takes nothing in has nobody behind it.
    pub(crate) async fn say(&mut self, bytes: &[u8]) -> Result<(), NoAnswer> {
        match timeout(ANSWER, self.line.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(NoAnswer::Gone),
            Err(_) => Err(NoAnswer::Silent),
        }
    }

    /// Waits for the next thing that is said; given up, nothing is lost.
    pub(crate) async fn hear(&mut self) -> Result<Heard, NoAnswer> {
        loop {
            while let Some(frame) = self.decoder.frame() {
                if let Some(answer) = Answer::parse(&frame) {
                    return Ok(Heard::Answer(answer));
                }
            }
            let mut bytes = [0; 256];
            match self.line.read(&mut bytes).await {
                Ok(0) | Err(_) => return Err(NoAnswer::Gone),
                Ok(length) => {
                    self.decoder.push(&bytes[..length]);
                    if self.ear.hear(&bytes[..length]) {
                        self.ear = BootLoaderEar::default();
                        return Ok(Heard::BootLoader);
                    }
                }
            }
        }
    }

    /// Asks until there is an answer that `read` takes, three times in all. What the board understood wrongly it is told again too.
    pub(crate) async fn ask<T>(
        &mut self,
        command: &Command<'_>,
        mut read: impl FnMut(&Answer) -> Option<T>,
    ) -> Result<T, NoAnswer> {
        let mut why = NoAnswer::Silent;
        for _ in 0..TRIES {
            why = match self.ask_once(command, ANSWER, &mut read).await {
                Err(again @ (NoAnswer::Silent | NoAnswer::Refused(Fault::InvalidRpc))) => again,
                done => return done,
            };
        }
        Err(why)
    }

    /// Asks, and waits so long for an answer.
    pub(crate) async fn ask_once<T>(
        &mut self,
        command: &Command<'_>,
        within: Duration,
        read: impl FnMut(&Answer) -> Option<T>,
    ) -> Result<T, NoAnswer> {
        let frame = command.encode().map_err(|_| NoAnswer::Refused(Fault::InvalidRpc))?;
        // A frame that has begun by now lost its end.
        self.decoder.restart();
        self.say(&frame).await?;
        timeout(within, self.answer(read)).await.unwrap_or(Err(NoAnswer::Silent))
    }

    /// The next answer that `read` takes, or that the board will not.
    pub(crate) async fn answer<T>(&mut self, mut read: impl FnMut(&Answer) -> Option<T>) -> Result<T, NoAnswer> {
        loop {
            match self.hear().await? {
                Heard::BootLoader | Heard::Answer(Answer::Error(Fault::None)) => {}
                Heard::Answer(Answer::Error(fault)) => return Err(NoAnswer::Refused(fault)),
                Heard::Answer(answer) => {
                    if let Some(read) = read(&answer) {
                        return Ok(read);
                    }
                }
            }
        }
    }
}
