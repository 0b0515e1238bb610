//! `gatehouse doctor`: what is wrong with a gateway, and what to do about it.

mod daemon;
mod machine;

pub(crate) use daemon::{Health, Heard};

use crate::config::Config;
use crate::exit::Failure;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Good,
    /// It works, and may not for long, or not as well as it could.
    Doubtful,
    Bad,
}

/// What was looked at, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    grade: Grade,
    /// What was looked at: one or two words.
    what: &'static str,
    /// What was found, and where it is not good what to do.
    said: String,
}

impl Finding {
    fn good(what: &'static str, said: impl Into<String>) -> Self {
        Self { grade: Grade::Good, what, said: said.into() }
    }

    fn doubtful(what: &'static str, said: impl Into<String>) -> Self {
        Self { grade: Grade::Doubtful, what, said: said.into() }
    }

    fn bad(what: &'static str, said: impl Into<String>) -> Self {
        Self { grade: Grade::Bad, what, said: said.into() }
    }

    fn line(&self) -> String {
        let mark = match self.grade {
            Grade::Good => "ok  ",
            Grade::Doubtful => "note",
            Grade::Bad => "BAD ",
        };
        format!("{mark}  {:<13} {}", self.what, self.said)
    }
}

/// Looks at everything, and tells. Fails when anything is bad.
pub(crate) fn examine(config: &Config) -> Result<(), Failure> {
    let findings = [daemon::examine(config), machine::examine(config)].concat();
    for finding in &findings {
        println!("{}", finding.line());
    }
    match findings.iter().filter(|finding| finding.grade == Grade::Bad).count() {
        0 => Ok(()),
        1 => Err(Failure::failed("one thing is wrong: see above")),
        count => Err(Failure::failed(format!("{count} things are wrong: see above"))),
    }
}
