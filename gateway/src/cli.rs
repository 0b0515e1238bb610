//! The command line.

use crate::app;
use crate::backup::command::{Backup, Restore, recovery_key};
use crate::config::{Config, Source};
use crate::control::{Answer, Call, client};
use crate::doctor;
use crate::exit::Failure;
use crate::factory_reset::FactoryReset;
use crate::flash::Flash;
use crate::integrations::Integration;
use crate::manual;
use crate::provision::Provision;
use crate::reload;
use crate::tokens::Token;
use crate::trial::Trial;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::{Path, PathBuf};

/// Gatehouse: a home gateway. What you see is what the relay did, and nothing but you moves it.
#[derive(Debug, Parser)]
#[command(name = "gatehouse", version, about, disable_help_subcommand = true)]
pub(crate) struct Invocation {
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where data is kept; overrides the configuration
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway, until it is told to stop
    Run {
        /// Write where everything listens to this file, as JSON, once it does
        #[arg(long, value_name = "FILE")]
        ready_file: Option<PathBuf>,
    },
    /// Have the running gateway read its configuration again, and say what of it waits for a restart
    Reload,
    /// Show the link and the code that make someone the owner of a new home
    ClaimCode,
    /// People
    #[command(subcommand)]
    Member(Member),
    /// Print the GraphQL schema
    Schema,
    /// Write the manual pages and the completions of shells, for the package
    #[command(hide = true)]
    Manual {
        /// Where to: man, bash, zsh and fish are made there
        #[arg(value_name = "DIR")]
        directory: PathBuf,
    },
    /// Boards
    #[command(subcommand)]
    Board(Board),
    /// Make a device of a board that is plugged into a USB port of this machine, and show how far it is
    Provision(Provision),
    /// Give firmware to a board that is plugged into a USB port of this machine, and show how far it is
    Flash(Flash),
    /// Write the home to a file: people, rooms, devices, what was shared, the record, and what its boards trust
    Backup(Backup),
    /// Put the home of a backup in place, while no gateway runs on the data directory
    Restore(Restore),
    /// Make the key that opens backups from now on, and show it, once
    RecoveryKey,
    /// Look for what is wrong with this gateway, and say what to do about it
    Doctor,
    /// Take the home away for good: the gateway is as on its first day, and nobody's
    FactoryReset(FactoryReset),
    /// Other home systems that may log in over MQTT
    #[command(subcommand)]
    Integration(Integration),
    /// API tokens for programs
    #[command(subcommand)]
    Token(Token),
    /// What an upgrade needs to know, for the package
    #[command(subcommand, hide = true)]
    Trial(Trial),
}

#[derive(Debug, Subcommand)]
enum Member {
    /// Show a one-time link by which someone who forgot their password chooses another
    Reset {
        /// The name they sign in with
        #[arg(value_name = "NAME")]
        name: String,
    },
}

#[derive(Debug, Subcommand)]
enum Board {
    /// Claim a board by hand; the same once more changes nothing
    Register(Register),
    /// Give a board another secret, over the air; the old one is refused once the board has logged in with it
    Rotate {
        /// The board's id, the device's, or its name
        #[arg(value_name = "BOARD|DEVICE|NAME")]
        which: String,
    },
}

#[derive(Debug, Args)]
struct Register {
    /// The board's id on the wire: 1 to 32 characters of a-z, 0-9 and -
    #[arg(long)]
    id: String,
    /// File that holds the secret the board presents; a line end at its end does not count
    #[arg(long, value_name = "FILE")]
    secret_file: PathBuf,
    /// What people call it [default: its id]
    #[arg(long)]
    name: Option<String>,
    /// The room it is in, made when there is none of that name
    #[arg(long)]
    room: Option<String>,
    /// How many relays it has
    #[arg(long, value_name = "N", default_value_t = 1)]
    relays: usize,
}

/// Reads the command line. Asking for help or the version prints it and ends the program.
pub(crate) fn parse() -> Result<Invocation, Failure> {
    Invocation::try_parse().map_err(|error| {
        if !error.use_stderr() {
            error.exit();
        }
        let text = error.to_string();
        let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        Failure::usage(format!("{line} (gatehouse --help shows what there is)"))
    })
}

impl Invocation {
    /// Does what was asked.
    pub(crate) fn carry_out(self) -> Result<(), Failure> {
        if matches!(self.command, Command::Schema) {
            print!("{}", gatehouse_api::sdl());
            return Ok(());
        }
        if let Command::Manual { directory } = &self.command {
            return manual::write(&Self::command(), directory);
        }
        let source = Source { file: self.config, data_dir: self.data_dir };
        let config = source.load()?;
        match self.command {
            Command::Run { ready_file } => app::run(&config, source, ready_file.as_deref()),
            Command::Reload => reload::ask(&config),
            Command::ClaimCode => claim_code(&config),
            Command::Member(Member::Reset { name }) => reset_member(&config, name),
            Command::Board(Board::Register(register)) => register_board(&config, register),
            Command::Board(Board::Rotate { which }) => rotate_credential(&config, which),
            Command::Provision(provision) => provision.carry_out(&config),
            Command::Flash(flash) => flash.carry_out(&config),
            Command::Backup(backup) => backup.carry_out(&config),
            Command::Restore(restore) => restore.carry_out(&config),
            Command::RecoveryKey => recovery_key(&config),
            Command::Doctor => doctor::examine(&config),
            Command::FactoryReset(reset) => reset.carry_out(&config),
            Command::Integration(integration) => integration.carry_out(&config),
            Command::Token(token) => token.carry_out(&config),
            Command::Trial(trial) => trial.carry_out(&config),
            Command::Schema | Command::Manual { .. } => Ok(()),
        }
    }
}

fn claim_code(config: &Config) -> Result<(), Failure> {
    let Answer::ClaimCode { code, link, fingerprint } = client::call(config, &Call::ClaimCode)? else {
        return Err(Failure::failed("the daemon answered another question; is it another version?"));
    };
    let Some(code) = code else {
        return Err(Failure::failed("this gateway already has an owner, so there is no claim code"));
    };
    let Some(link) = link else {
        return Err(Failure::failed("the daemon has no listener for people; set [http] listen and start it again"));
    };
    println!("{}", qr(&link)?);
    println!("Open         {link}");
    println!("Code         {code}");
    println!("Fingerprint  {fingerprint}   of the home's certificate authority, SHA-256");
    Ok(())
}

fn reset_member(config: &Config, name: String) -> Result<(), Failure> {
    let Answer::MemberReset { name, code, link, minutes } = client::call(config, &Call::ResetMember { name })? else {
        return Err(Failure::failed("the daemon answered another question; is it another version?"));
    };
    let Some(link) = link else {
        return Err(Failure::failed("the daemon has no listener for people; set [http] listen and start it again"));
    };
    println!("{}", qr(&link)?);
    println!("Open         {link}");
    println!("Code         {code}");
    println!("It lets {name} choose a new password, once, within {minutes} minutes. Show it to nobody else.");
    Ok(())
}

/// A QR code of half blocks, for a terminal.
fn qr(text: &str) -> Result<String, Failure> {
    let code =
        qrcode::QrCode::new(text).map_err(|error| Failure::failed(format!("no QR code for the link: {error}")))?;
    Ok(code.render::<qrcode::render::unicode::Dense1x2>().build())
}

fn register_board(config: &Config, register: Register) -> Result<(), Failure> {
    let secret = read_secret(&register.secret_file)?;
    let Register { id, name, room, relays, .. } = register;
    let call = Call::RegisterBoard { id: id.clone(), secret, name, room, relays };
    let Answer::Registered { device, name } = client::call(config, &call)? else {
        return Err(Failure::failed("the daemon answered another question; is it another version?"));
    };
    println!("Board {id} is device {device}, \"{name}\".");
    Ok(())
}

fn rotate_credential(config: &Config, which: String) -> Result<(), Failure> {
    match client::call(config, &Call::RotateCredential { which })? {
        Answer::CredentialRotated { name, done: true } => {
            println!("\"{name}\" has a new secret; the old one is refused.");
            Ok(())
        }
        Answer::CredentialRotated { name, .. } => Err(Failure::temporary(format!(
            "\"{name}\" has not logged in with its new secret yet; until it does, the old one is good too. Ask again to \
             send it again"
        ))),
        _ => Err(Failure::failed("the daemon answered another question; is it another version?")),
    }
}

fn read_secret(path: &Path) -> Result<String, Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::failed(format!("cannot read the secret file {shown}: {error}")))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line as a shell takes it apart, as far as the documentation needs that: blanks, quotes, and a comment at the end.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
        for letter in line.chars().chain([' ']) {
            match letter {
                '"' => quoted = !quoted,
                '#' if !quoted && word.is_empty() => break,
                ' ' if !quoted => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
                letter => word.push(letter),
            }
        }
        words
    }

    #[test]
    fn every_command_that_people_are_told_is_one() {
        let texts = [
            include_str!("../../README.md"),
            include_str!("../wire/HOMEASSISTANT.md"),
            include_str!("../wire/PROVISIONING.md"),
        ];
        let lines = texts.iter().flat_map(|text| text.lines()).map(|line| line.trim().trim_start_matches("sudo "));
        let told: Vec<_> = lines.filter(|line| line.starts_with("gatehouse ")).map(words).collect();
        assert!(told.len() >= 7, "{told:?}");
        for command in told {
            if let Err(error) = Invocation::try_parse_from(&command) {
                panic!("{command:?}: {error}");
            }
        }
    }

    #[test]
    fn what_is_in_backticks_is_a_command_too() {
        let text = include_str!("../../README.md");
        let told = text.split('`').skip(1).step_by(2).map(|told| told.trim_start_matches("sudo "));
        let told: Vec<_> = told.filter(|told| told.starts_with("gatehouse ")).map(words).collect();
        assert!(told.len() > 4, "{told:?}");
        for command in told {
            // Some are named without what they take, so only what comes first is looked at.
            let named = command.get(1).is_none_or(|first| Invocation::command().find_subcommand(first).is_some());
            assert!(named, "{command:?}");
        }
    }
}
