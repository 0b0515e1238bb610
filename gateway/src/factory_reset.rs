//! A gateway as on its first day: nobody's, with nothing in it. Asked for on the terminal, and confirmed by the home's name.

use crate::config::Config;
use crate::control::{Answer, Call, client};
use crate::exit::Failure;
use crate::provision::another_question;
use clap::Args;
use gatehouse_core::access::Administer;
use gatehouse_core::board_settings::Fulfilment;
use gatehouse_hub::Hub;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// That everything is to go, for a start that was interrupted.
const MARK: &str = "factory-reset";
/// What stays: backups, which only the recovery key opens, and what a disk of its own has of itself.
const STAYS: [&str; 2] = ["backups", "lost+found"];
/// How long boards may take to forget the home, all of them together.
const FORGETTING: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(crate) struct FactoryReset {
    /// The home's name, as a confirmation; without it, it is asked for
    #[arg(long, value_name = "NAME")]
    home: Option<String>,
}

impl FactoryReset {
    /// Asks for the name, and has the daemon do it.
    pub(crate) fn carry_out(self, config: &Config) -> Result<(), Failure> {
        let home = match self.home {
            Some(home) => home,
            None => ask()?,
        };
        let Answer::Reset { forgot, kept } = client::call(config, &Call::FactoryReset { home })? else {
            return Err(another_question());
        };
        println!("The gateway starts anew, and is nobody's: gatehouse claim-code shows how to claim it.");
        println!("{forgot} boards have forgotten the home. Backups were left where they are.");
        if !kept.is_empty() {
            println!(
                "These could not be told, and know the home's Wi-Fi still; flash them, or claim them anew: {}",
                kept.join(", ")
            );
        }
        Ok(())
    }
}

fn ask() -> Result<String, Failure> {
    if !io::stdin().is_terminal() {
        return Err(Failure::usage("this takes the home away for good: say --home NAME to confirm it"));
    }
    println!(
        "This takes people, rooms, devices, what was shared and the record away, for good. Boards forget the home."
    );
    print!("The home's name, to confirm it: ");
    let mut line = String::new();
    let read = io::stdout().flush().and_then(|()| io::stdin().read_line(&mut line));
    read.map_err(|error| Failure::failed(format!("the name cannot be read: {error}")))?;
    Ok(line.trim().to_owned())
}

/// The daemon's end: the mark is set, and boards forget the home, as far as they are there. Returns how many did, and the names of those that did not.
pub(crate) async fn begin(hub: &Hub, data_dir: &Path) -> io::Result<(usize, Vec<String>)> {
    // First: where the disk takes nothing, nothing is begun, and what is begun is finished whatever happens.
    let mark = File::create(data_dir.join(MARK))?;
    mark.sync_all()?;
    File::open(data_dir)?.sync_all()?;
    let mut leaving = JoinSet::new();
    for device in &hub.view().devices {
        let (hub, id, name) = (hub.clone(), device.id, device.name.to_string());
        leaving.spawn(async move {
            let left = timeout(FORGETTING, hub.delete_device(Administer::console(), id)).await;
            (name, matches!(left, Ok(Ok(Some(Fulfilment::Confirmed)))))
        });
    }
    let (mut forgot, mut kept) = (0, Vec::new());
    while let Some(left) = leaving.join_next().await {
        match left {
            Ok((_, true)) => forgot += 1,
            Ok((name, false)) => kept.push(name),
            Err(error) => tracing::error!(%error, "a board could not be told to forget the home"),
        }
    }
    kept.sort();
    tracing::warn!(forgot, "factory reset: starting anew with nothing");
    Ok((forgot, kept))
}

/// Takes everything away that the mark says is to go; without one, nothing. The mark goes last.
pub(crate) fn finish(data_dir: &Path) -> Result<(), Failure> {
    let mark = data_dir.join(MARK);
    if !mark.exists() {
        return Ok(());
    }
    let _alone = gatehouse_store::lock(data_dir).map_err(Failure::failed)?;
    let erased = || -> io::Result<()> {
        for entry in fs::read_dir(data_dir)? {
            let entry = entry?;
            if entry.file_name() == MARK || STAYS.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
        }
        File::open(data_dir)?.sync_all()?;
        fs::remove_file(&mark)
    };
    erased().map_err(|error| {
        Failure::failed(format!(
            "the factory reset of {} could not be finished: {error}; see who owns it",
            data_dir.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_marked_goes_and_backups_stay() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        };
        let names = || {
            let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            names.sort();
            names
        };
        for name in
            ["gatehouse.redb", "gatehouse.redb.snapshot", "tls/ca.key", "backup.key", "backups/one.age", "lost+found/1"]
        {
            write(name);
        }
        finish(dir.path()).unwrap();
        assert_eq!(names().len(), 6, "nobody asked");
        write(MARK);
        finish(dir.path()).unwrap();
        assert_eq!(names(), STAYS);
        assert!(dir.path().join("backups/one.age").exists());
        finish(dir.path()).unwrap();
    }
}
