//! `gatehouse backup`, `gatehouse restore` and `gatehouse recovery-key`.

use super::restore;
use crate::config::Config;
use crate::control::{Answer, Call, client};
use crate::exit::Failure;
use crate::provision::another_question;
use clap::Args;
use gatehouse_backup::Key;
use std::fs::{self, File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Where to: a file, which is replaced when it is there
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl Backup {
    /// Has the daemon make one, and writes it.
    pub(crate) fn carry_out(&self, config: &Config) -> Result<(), Failure> {
        let shown = self.file.display();
        let mut unfinished = self.file.clone().into_os_string();
        unfinished.push(".new");
        let unfinished = PathBuf::from(unfinished);
        let cannot = |error: io::Error| Failure::failed(format!("cannot write {shown}: {error}"));
        // Before the daemon has the work: a directory that is not there is a frequent mistake.
        let mut out =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished).map_err(cannot)?;
        let written = self.write(config, &mut out).and_then(|encrypted| {
            let placed = out.sync_all().and_then(|()| fs::rename(&unfinished, &self.file));
            placed.map(|()| encrypted).map_err(cannot)
        });
        if written.is_err() {
            drop(fs::remove_file(&unfinished));
        }
        if written? {
            println!("The home is in {shown}. Only the recovery key opens it.");
        } else {
            println!("The home is in {shown}.");
            eprintln!(
                "gatehouse: it is NOT encrypted: whoever has this file has the home. `gatehouse recovery-key` makes a key for all \
                 backups from then on"
            );
        }
        Ok(())
    }

    fn write(&self, config: &Config, out: &mut File) -> Result<bool, Failure> {
        let (answer, mut rest) = client::call_for_bytes(config, &Call::Backup)?;
        let Answer::Backup { bytes, encrypted } = answer else { return Err(another_question()) };
        let copied = io::copy(&mut rest.by_ref().take(bytes), out);
        match copied {
            Ok(copied) if copied == bytes => Ok(encrypted),
            Ok(_) => Err(Failure::temporary("the daemon ended in the middle of the backup; try again")),
            Err(error) => Err(Failure::failed(format!("cannot write {}: {error}", self.file.display()))),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Also when there is a home already, which is kept aside
    #[arg(long)]
    replace: bool,
    /// File that holds the recovery key; without it, it is asked for
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl Restore {
    /// Restores into the data directory, on which no daemon may run.
    pub(crate) fn carry_out(&self, config: &Config) -> Result<(), Failure> {
        let keys = self.keys(&config.data_dir)?;
        let manifest = restore::restore(&config.data_dir, &self.file, &keys, self.replace)?;
        let home = manifest
            .home
            .map_or_else(|| "The gateway without an owner".to_owned(), |home| format!("The home \"{home}\""));
        let made = manifest.made_at_ms.and_then(|at| jiff::Timestamp::from_millisecond(i64::try_from(at).ok()?).ok());
        let made = made.map(|at| format!(", as it was {} UTC", at.strftime("%Y-%m-%d %H:%M"))).unwrap_or_default();
        println!(
            "{home} is restored{made}. Start the gateway (sudo systemctl start gatehouse): its boards come back by themselves."
        );
        Ok(())
    }

    fn keys(&self, data_dir: &Path) -> Result<Vec<Key>, Failure> {
        if let Some(path) = &self.key_file {
            let text = fs::read_to_string(path)
                .map_err(|error| Failure::failed(format!("cannot read the key file {}: {error}", path.display())))?;
            return Key::parse(&text)
                .map(|key| vec![key])
                .map_err(|bad| Failure::failed(format!("{}: {bad}", path.display())));
        }
        // A gateway opens backups of its own.
        let own = data_dir.join(super::make::OWN_KEY);
        let own: Vec<Key> = fs::read_to_string(own).ok().and_then(|text| Key::parse(&text).ok()).into_iter().collect();
        if !own.is_empty() || !io::stdin().is_terminal() || !is_encrypted(&self.file) {
            return Ok(own);
        }
        print!("Recovery key, from the recovery sheet: ");
        let mut line = String::new();
        let read = io::stdout().flush().and_then(|()| io::stdin().read_line(&mut line));
        read.map_err(|error| Failure::failed(format!("the key cannot be read: {error}")))?;
        Key::parse(&line).map(|key| vec![key]).map_err(Failure::failed)
    }
}

pub(super) fn is_encrypted(path: &Path) -> bool {
    let mut start = [0; 4];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == *b"age-"
}

/// Makes another recovery key, and shows it.
pub(crate) fn recovery_key(config: &Config) -> Result<(), Failure> {
    let Answer::RecoveryKey { key } = client::call(config, &Call::RecoveryKey)? else { return Err(another_question()) };
    println!("{key}");
    eprintln!(
        "This key opens every backup from now on. It is shown once and kept nowhere: write it down, or print it, and keep it away from the \
         gateway."
    );
    Ok(())
}
