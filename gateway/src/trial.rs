//! What a new version of the gateway is judged by (decision 0019): `/usr/lib/gatehouse/trial` of the package asks, and tells the daemon what
//! became of it.

use crate::app::hushed;
use crate::config::{Config, DEFAULT_DATA_DIR};
use crate::control::{Answer, Call, LONGEST_S, client};
use crate::exit::Failure;
use crate::provision::another_question;
use clap::Subcommand;
use gatehouse_core::view::Availability;
use gatehouse_core::view::View;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// In the data directory: the ids of the boards that were online when the daemon stopped, a line each. There is none while it runs, nor
/// after it was killed: then no board is known to have been there.
const ONLINE: &str = "online-at-stop";
/// Why the version that is installed does not run, beside an installed gateway's data.
const RETURNED: &str = "/var/lib/gatehouse-proven/returned";
/// Longest reason that is read, in bytes.
const MAX_REASON: u64 = 512;
/// How long the edge may take to answer.
const EDGE_PATIENCE: Duration = Duration::from_secs(10);

/// What the package's script asks.
#[derive(Debug, Subcommand)]
pub(crate) enum Trial {
    /// Print where data is kept
    DataDir,
    /// Find out whether a database would open, without changing it
    Check {
        /// The database
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Wait until the running daemon's edge answers and these boards are there, for a time
    Prove {
        /// File with the ids of the boards, a line each; none are expected when it is missing
        #[arg(long, value_name = "FILE")]
        boards: Option<PathBuf>,
        /// How long they may take, in seconds
        #[arg(long, value_name = "N", default_value_t = 60)]
        seconds: u32,
    },
}

impl Trial {
    pub(crate) fn carry_out(self, config: &Config) -> Result<(), Failure> {
        match self {
            Self::DataDir => {
                println!("{}", config.data_dir.display());
                Ok(())
            }
            Self::Check { file } => match hushed(|| gatehouse_store::check(&file)) {
                Some(checked) => checked.map_err(|error| Failure::failed(error.to_string())),
                None => Err(Failure::failed(format!("the database {} makes redb panic", file.display()))),
            },
            Self::Prove { boards, seconds } => prove(config, boards.as_deref(), seconds),
        }
    }
}

fn prove(config: &Config, boards: Option<&Path>, seconds: u32) -> Result<(), Failure> {
    let boards = match boards.map(std::fs::read_to_string) {
        Some(Ok(text)) => text.lines().map(str::to_owned).collect(),
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Failure::failed(format!("cannot read which boards were there: {error}")));
        }
        _ => Vec::new(),
    };
    let online =
        |boards: &[String], wait_s| match client::call(config, &Call::Online { boards: boards.to_vec(), wait_s })? {
            Answer::Online { missing, mqtt } => Ok((missing, mqtt)),
            _ => Err(another_question()),
        };
    let (mut missing, mqtt) = online(&boards, 0)?;
    if let Some(mqtt) = mqtt {
        gatehouse_broker::probe(mqtt, EDGE_PATIENCE)
            .map_err(|error| Failure::failed(format!("its MQTT edge does not answer: {error}")))?;
    }
    let mut left = seconds;
    while !missing.is_empty() && left > 0 {
        let wait_s = left.min(LONGEST_S);
        left -= wait_s;
        missing = online(&boards, wait_s)?.0;
    }
    if missing.is_empty() { Ok(()) } else { Err(Failure::failed(format!("{} did not come back", listed(&missing)))) }
}

/// The first few, and how many more.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let quoted: Vec<_> = names.iter().take(SHOWN).map(|name| format!("\"{name}\"")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => quoted.join(", "),
        more => format!("{} and {more} more", quoted.join(", ")),
    }
}

/// Notes who is there, for the version that starts next. Without it that one is judged by less.
pub(crate) fn note_online(config: &Config, view: &View) {
    let online = view.devices.iter().filter(|device| device.availability == Availability::Online);
    let lines: String = online.map(|device| format!("{}\n", device.board.as_str())).collect();
    let path = config.data_dir.join(ONLINE);
    let written =
        File::create(&path).and_then(|mut file| file.write_all(lines.as_bytes()).and_then(|()| file.sync_all()));
    if let Err(error) = written {
        let _half_of_it = std::fs::remove_file(&path);
        tracing::warn!(%error, "which boards are there could not be noted for the next start");
    }
}

/// What was noted is of no use any more: it holds for the start that follows the stop.
pub(crate) fn forget_online(config: &Config) {
    let _none_noted = std::fs::remove_file(config.data_dir.join(ONLINE));
}

/// Why the version that is installed does not run, but the one before, where that is so.
pub(crate) fn returned(config: &Config) -> Option<Arc<str>> {
    let path = if config.data_dir == Path::new(DEFAULT_DATA_DIR) {
        PathBuf::from(RETURNED)
    } else {
        config.data_dir.join("returned")
    };
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MAX_REASON).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line: String = text.lines().next()?.chars().filter(|char| !char.is_control()).collect();
    (!line.trim().is_empty()).then(|| line.trim().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_boards_are_not_all_named() {
        let names: Vec<_> = ["A", "B", "C", "D", "E"].map(str::to_owned).to_vec();
        assert_eq!(listed(&names[..1]), "\"A\"");
        assert_eq!(listed(&names[..3]), "\"A\", \"B\", \"C\"");
        assert_eq!(listed(&names), "\"A\", \"B\", \"C\" and 2 more");
    }
}
