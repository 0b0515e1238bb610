//! How the program ends: one line that says what to do, and a code that scripts can go by.

use crate::log;
use std::fmt;
use std::process::ExitCode;
use tracing::Level;

/// What kind of failure, as contract for scripts (`sysexits.h` gives 75 its meaning).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// It did not work: exit code 1.
    Failed,
    /// It was asked for in a way that is not understood: exit code 2.
    Usage,
    /// It may work later, when the daemon runs or is less busy: exit code 75.
    Temporary,
}

/// Why the program ends without having done what it was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    error: anyhow::Error,
}

impl Failure {
    pub(crate) fn new(kind: Kind, error: impl Into<anyhow::Error>) -> Self {
        Self { kind, error: error.into() }
    }

    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self::new(Kind::Usage, anyhow::anyhow!("{message}"))
    }

    pub(crate) fn temporary(message: impl fmt::Display) -> Self {
        Self::new(Kind::Temporary, anyhow::anyhow!("{message}"))
    }

    pub(crate) fn failed(message: impl fmt::Display) -> Self {
        Self::new(Kind::Failed, anyhow::anyhow!("{message}"))
    }

    /// What it says, in one line.
    pub(crate) fn message(&self) -> String {
        let text = format!("{:#}", self.error);
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Says why on standard error, in one line.
    pub(crate) fn report(self) -> ExitCode {
        let priority = if log::is_journal() { log::priority(Level::ERROR) } else { "" };
        eprintln!("{priority}gatehouse: {}", self.message());
        ExitCode::from(match self.kind {
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::Temporary => 75,
        })
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self { kind: Kind::Failed, error }
    }
}
