//! A gateway as on its first day: nobody's, with nothing in it. Asked for on the terminal, confirmed by the home's name, on the dashboard with a
//! password too, or by the reset button of the gateway's own header.

use crate::config::Config;
use crate::control::{Answer, Call, client};
use crate::exit::Failure;
use crate::provision::another_question;
use clap::Args;
use gatehouse_api::FactoryResetDesk;
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::board_settings::Fulfilment;
use gatehouse_hub::Hub;
use std::fmt::{self, Display, Formatter};
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
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

/// What takes the home away, whoever asks.
#[derive(Clone)]
pub(crate) struct Eraser {
    hub: Hub,
    data_dir: PathBuf,
    anew: Arc<Notify>,
    place: Arc<Semaphore>,
}

/// What boards made of it. The daemon starts anew when this is dropped: whoever asked may be told before.
pub(crate) struct Erased {
    /// How many have forgotten the home.
    pub(crate) forgot: usize,
    /// The names of those that were not told, or did not say that they have.
    pub(crate) kept: Vec<String>,
    /// Held until whoever asked is told.
    starts_anew: StartsAnew,
}

struct StartsAnew(Arc<Notify>);

impl Drop for StartsAnew {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Why the home stays.
#[derive(Debug)]
pub(crate) enum Stays {
    /// There is none.
    Unclaimed,
    /// It is called otherwise.
    OtherName { known: String, given: String },
    /// Somebody else has asked, and it goes.
    Underway,
    /// Nothing was begun.
    Disk(io::Error),
}

impl Display for Stays {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unclaimed => f.write_str("this gateway is nobody's: there is nothing to take away"),
            Self::OtherName { known, given } => {
                write!(f, "this is the home \"{known}\", and not {given:?}: nothing was taken away")
            }
            Self::Underway => f.write_str("the home is being taken away already"),
            Self::Disk(error) => write!(f, "the disk cannot be written, so the home stays: {error}"),
        }
    }
}

/// As an owner on the dashboard is told it.
impl From<Stays> for Denied {
    fn from(stays: Stays) -> Self {
        match stays {
            Stays::Unclaimed => Self::Unclaimed,
            Stays::OtherName { .. } => {
                let message = "This home is called otherwise: nothing was taken away.".to_owned();
                Self::BadInput { field: "homeName", message }
            }
            Stays::Underway => Self::Conflict("The home is being taken away already.".to_owned()),
            Stays::Disk(error) => {
                tracing::error!("the disk cannot be written, so the home stays: {error}");
                Self::Storage
            }
        }
    }
}

impl Eraser {
    /// Of the home in `data_dir`; `anew` is notified when the daemon is to start anew.
    pub(crate) fn new(hub: Hub, data_dir: PathBuf, anew: Arc<Notify>) -> Self {
        Self { hub, data_dir, anew, place: Arc::new(Semaphore::new(1)) }
    }

    /// For owners on the dashboard.
    pub(crate) fn desk(self) -> FactoryResetDesk {
        let erase = move |cap, name: String| {
            let eraser = self.clone();
            let erased = async move {
                let Erased { forgot, kept, starts_anew } = eraser.erase_named(cap, &name).await?;
                Ok(gatehouse_api::Erased { forgot, kept, until_answered: Box::new(starts_anew) })
            };
            Box::pin(erased) as _
        };
        FactoryResetDesk { erase: Arc::new(erase) }
    }

    /// Takes the home away, for whoever knows its name to the letter.
    pub(crate) async fn erase_named(&self, cap: Administer, name: &str) -> Result<Erased, Stays> {
        let view = self.hub.view();
        let known = view.home.as_ref().ok_or(Stays::Unclaimed)?.name.as_str();
        if known != name {
            return Err(Stays::OtherName { known: known.to_owned(), given: name.to_owned() });
        }
        self.erase(cap).await
    }

    /// Takes the home away: boards forget it, within 20 s, and then the daemon starts anew.
    pub(crate) async fn erase(&self, _cap: Administer) -> Result<Erased, Stays> {
        if self.hub.view().home.is_none() {
            return Err(Stays::Unclaimed);
        }
        let place = self.place.clone().try_acquire_owned().map_err(|_| Stays::Underway)?;
        let Self { hub, data_dir, anew, .. } = self.clone();
        // Whoever asked may go away meanwhile: what is begun comes to its end.
        let erasing = tokio::spawn(async move {
            let (forgot, kept) = begin(&hub, &data_dir).await.map_err(Stays::Disk)?;
            place.forget();
            Ok(Erased { forgot, kept, starts_anew: StartsAnew(anew) })
        });
        erasing.await.unwrap_or_else(|error| Err(Stays::Disk(io::Error::other(error))))
    }
}

/// The mark is set, and boards forget the home, as far as they are there. Returns how many did, and the names of those that did not.
async fn begin(hub: &Hub, data_dir: &Path) -> io::Result<(usize, Vec<String>)> {
    // First: where the disk takes nothing, nothing is begun, and what is begun is finished whatever happens.
    let mark = File::create(data_dir.join(MARK))?;
    mark.sync_all()?;
    File::open(data_dir)?.sync_all()?;
    let mut leaving = JoinSet::new();
    // The gateway's own header forgets with the gateway itself.
    for device in hub.view().devices.iter().filter(|device| !device.is_header()) {
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
    tracing::warn!(forgot, not_told = kept.join(", "), "factory reset: starting anew with nothing");
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
    use crate::header::tests::{claim, home};

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn it_is_done_once_by_the_home_s_name_and_whoever_asked_is_told_before_the_daemon_starts_anew() {
        let (dir, anew, (hub, _edge)) = (tempfile::tempdir().unwrap(), Arc::new(Notify::new()), home());
        let eraser = Eraser::new(hub.clone(), dir.path().join("none"), anew.clone());
        let cap = Administer::console;
        assert!(matches!(eraser.erase_named(cap(), "").await, Err(Stays::Unclaimed)));
        claim(&hub).await;
        assert!(matches!(eraser.erase_named(cap(), "home").await, Err(Stays::OtherName { .. })));
        assert!(matches!(eraser.erase_named(cap(), "Home").await, Err(Stays::Disk(_))), "nothing takes the mark");
        let eraser = Eraser { data_dir: dir.path().to_owned(), ..eraser };
        let Ok(erased) = eraser.erase_named(cap(), "Home").await else { panic!("it goes") };
        assert!(matches!(eraser.erase(cap()).await, Err(Stays::Underway)));
        assert!(timeout(Duration::ZERO, anew.notified()).await.is_err(), "not yet told");
        drop(erased);
        timeout(SOON, anew.notified()).await.unwrap();
    }

    #[tokio::test]
    async fn whoever_goes_away_meanwhile_leaves_nothing_half_done() {
        let (dir, anew, (hub, _edge)) = (tempfile::tempdir().unwrap(), Arc::new(Notify::new()), home());
        claim(&hub).await;
        let eraser = Eraser::new(hub, dir.path().to_owned(), anew.clone());
        tokio::select! {
            biased;
            _ = eraser.erase(Administer::console()) => panic!("boards are asked first"),
            () = std::future::ready(()) => {}
        }
        timeout(SOON, anew.notified()).await.unwrap();
        assert!(dir.path().join(MARK).exists());
    }

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
