//! `gatehouse provision`: a board at a serial port becomes a device, with its progress on the terminal.

use crate::config::Config;
use crate::control::{Answer, Call, NewProvision, client};
use crate::exit::Failure;
use crate::secret_file;
use clap::Args;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;

/// Characters of the bar.
const BAR: usize = 20;

#[derive(Debug, Args)]
pub(crate) struct Provision {
    /// The port it is plugged into: /dev/ttyUSB0
    #[arg(long, value_name = "PATH")]
    port: String,
    /// The Wi-Fi network it is to join
    #[arg(long, value_name = "NAME")]
    ssid: String,
    /// File that holds the network's password; without one the network is open
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// What people call it [default: its id, or as the device is called whose board it is]
    #[arg(long)]
    name: Option<String>,
    /// The room it is in, made when there is none of that name
    #[arg(long)]
    room: Option<String>,
    /// The device whose board it takes the place of, which stays what it is otherwise
    #[arg(long, value_name = "NAME-OR-ID")]
    replaces: Option<String>,
}

impl Provision {
    /// Claims the board, and waits until it is a device or cannot be one.
    pub(crate) fn carry_out(self, config: &Config) -> Result<(), Failure> {
        let Self { port, ssid, password_file, name, room, replaces } = self;
        let password = password_file.map(|file| secret_file::read("--password-file", &file)).transpose()?;
        // As the daemon knows it, whoever calls from another folder.
        let port = std::path::absolute(&port).map_or(port, |path| path.display().to_string());
        let new = NewProvision { port, ssid, password, name, room, replaces };
        let Answer::ClaimBegun { claim } = client::call(config, &Call::Provision(new))? else {
            return Err(another_question());
        };
        let mut seen = String::new();
        loop {
            let call = Call::Claim { claim: claim.clone(), seen: seen.clone() };
            let Answer::ClaimAt { percent, message, over, done } = client::call(config, &call)? else {
                return Err(another_question());
            };
            if over && !done {
                end_of_bar();
                return Err(Failure::failed(message));
            }
            // The daemon answers after a while although nothing has changed.
            if message != seen {
                show(percent, &message);
            }
            if over {
                end_of_bar();
                return Ok(());
            }
            seen = message;
        }
    }
}

pub(crate) fn another_question() -> Failure {
    Failure::failed("the daemon answered another question; is it another version?")
}

/// On a terminal one line that changes; else one line for each step.
pub(crate) fn show(percent: u8, message: &str) {
    let line = bar(percent, message);
    let mut out = std::io::stdout();
    let _nobody_looks = if out.is_terminal() { write!(out, "\r\x1b[K{line}") } else { writeln!(out, "{line}") };
    let _nobody_looks = out.flush();
}

pub(crate) fn end_of_bar() {
    if std::io::stdout().is_terminal() {
        println!();
    }
}

fn bar(percent: u8, message: &str) -> String {
    let full = usize::from(percent.min(100)) * BAR / 100;
    format!("[{}{}] {percent:3} %  {message}", "#".repeat(full), ".".repeat(BAR - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_long_at_every_step() {
        assert_eq!(bar(0, "a"), "[....................]   0 %  a");
        assert_eq!(bar(60, "b"), "[############........]  60 %  b");
        assert_eq!(bar(100, "c"), "[####################] 100 %  c");
    }
}
