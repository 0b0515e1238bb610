//! `gatehouse provision`: a board at a serial port becomes a device, or is given Wi-Fi alone, with its progress on the terminal.

use crate::config::Config;
use crate::control::{Answer, Call, NewGiving, NewProvision, client};
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
    /// Wi-Fi alone, for a board of another firmware: it keeps that, and becomes no device
    #[arg(long, conflicts_with_all = ["name", "room", "replaces"])]
    wifi_only: bool,
}

impl Provision {
    /// Claims the board, or gives it Wi-Fi, and waits until that is done or cannot be.
    pub(crate) fn carry_out(self, config: &Config) -> Result<(), Failure> {
        let Self { port, ssid, password_file, name, room, replaces, wifi_only } = self;
        let password = password_file.map(|file| secret_file::read("--password-file", &file)).transpose()?;
        // As the daemon knows it, whoever calls from another folder.
        let port = std::path::absolute(&port).map_or(port, |path| path.display().to_string());
        if wifi_only {
            return give_wifi(config, NewGiving { port, ssid, password });
        }
        let new = NewProvision { port, ssid, password, name, room, replaces };
        let Answer::ClaimBegun { claim } = client::call(config, &Call::Provision(new))? else {
            return Err(another_question());
        };
        follow(|seen| {
            let call = Call::Claim { claim: claim.clone(), seen };
            match client::call(config, &call)? {
                Answer::ClaimAt { percent, message, over, done } => Ok((percent, message, over, done)),
                _ => Err(another_question()),
            }
        })
    }
}

fn give_wifi(config: &Config, new: NewGiving) -> Result<(), Failure> {
    let (port, ssid) = (new.port.clone(), new.ssid.clone());
    let Answer::GivingBegun { giving } = client::call(config, &Call::GiveWifi(new))? else {
        return Err(another_question());
    };
    follow(|seen| {
        let call = Call::Giving { port: port.clone(), giving: giving.clone(), ssid: ssid.clone(), seen };
        match client::call(config, &call)? {
            Answer::GivingAt { percent, message, over, done } => Ok((percent, message, over, done)),
            _ => Err(another_question()),
        }
    })
}

/// Asks how far it is (percent, message, whether it is over, whether it is done), telling what was seen last, and shows it.
fn follow(ask: impl Fn(String) -> Result<(u8, String, bool, bool), Failure>) -> Result<(), Failure> {
    let mut seen = String::new();
    loop {
        let (percent, message, over, done) = ask(seen.clone())?;
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
