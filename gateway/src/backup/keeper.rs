//! Backups that are made by themselves, and proved.

use super::make::Maker;
use super::{CONTENTS, DATABASE, draw_key, schedule, secrets};
use crate::config::Backups as Rules;
use anyhow::{Context, anyhow, bail};
use gatehouse_api::BackupDesk;
use gatehouse_backup::unpack;
use gatehouse_core::backup::{Backup, Backups, Proven};
use gatehouse_core::notice::{Incident, NoticeKind, Subject};
use gatehouse_core::time::Wall;
use gatehouse_hub::Hub;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether a backup is due.
const LOOK_EVERY: Duration = Duration::from_secs(10 * 60);
/// After one that failed: the stick may be back.
const TRY_AGAIN: Duration = Duration::from_secs(60 * 60);
/// How the files begin and end that are ours.
const NAME: (&str, &str) = ("gatehouse-", ".age");
/// What was proved last, in the data directory.
const PROVEN: &str = "backup.proven";

/// Makes a backup each night, proves it, and takes out what is too old.
pub(crate) struct Keeper {
    maker: Maker,
    hub: Hub,
    data_dir: PathBuf,
    rules: watch::Receiver<Rules>,
    state: watch::Sender<Arc<Backups>>,
    asked: Arc<Notify>,
}

/// To see how backups stand, and to ask for one now.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    pub(crate) state: watch::Receiver<Arc<Backups>>,
    pub(crate) ask: Arc<Notify>,
    rules: watch::Receiver<Rules>,
}

impl Desk {
    /// As the API has it.
    pub(crate) fn desk(self) -> BackupDesk {
        let Self { state, ask, rules } = self;
        let open = move |name: &str| {
            let directory = rules.borrow().directory.clone().ok_or(io::ErrorKind::NotFound)?;
            File::open(directory.join(name))
        };
        BackupDesk { state, ask, draw_key, open: Arc::new(open) }
    }
}

impl Keeper {
    pub(crate) fn new(maker: Maker, hub: Hub, data_dir: PathBuf, rules: watch::Receiver<Rules>) -> (Self, Desk) {
        let (state, seen) = watch::channel(Arc::default());
        let asked = Arc::new(Notify::new());
        let desk = Desk { state: seen, ask: asked.clone(), rules: rules.clone() };
        (Self { maker, hub, data_dir, rules, state, asked }, desk)
    }

    /// Keeps backups until `stop`. Without a recovery key, or without a place, there are none.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        self.change(|state| state.proven = proven(&self.data_dir));
        self.look();
        let (mut asked, mut made, mut not_before) = (false, Instant::now(), None::<Instant>);
        loop {
            let rules = self.rules.borrow_and_update().clone();
            let has_key = self.hub.view().backup_key.is_some();
            let due = asked || not_before.is_none_or(|at| at <= Instant::now()) && self.is_due(made);
            if let Some(directory) = rules.directory.clone().filter(|_| has_key && due) {
                self.change(|state| state.making = true);
                match self.make_one(directory.clone(), &rules).await {
                    Ok(proved) => {
                        self.keep(&directory, proved, &rules);
                        (made, not_before) = (Instant::now(), None);
                    }
                    Err(error) => {
                        self.tell(&error);
                        not_before = Some(Instant::now() + TRY_AGAIN);
                    }
                }
            }
            asked = tokio::select! {
                () = stop.cancelled() => return,
                () = self.asked.notified() => true,
                () = sleep_until(Instant::now() + LOOK_EVERY) => false,
                Ok(()) = self.rules.changed() => {
                    // What did not work there may work here.
                    not_before = None;
                    self.look();
                    false
                }
            };
        }
    }

    /// `made`: the last time in this run, or its start.
    fn is_due(&self, made: Instant) -> bool {
        let state = self.state.borrow().clone();
        let zone = self.hub.view().home.as_ref().map_or_else(|| "UTC".into(), |home| home.time_zone.clone());
        schedule::is_due(state.kept.first(), self.hub.now().stamp(), &zone, made.elapsed())
    }

    async fn make_one(&self, directory: PathBuf, rules: &Rules) -> anyhow::Result<Proven> {
        let task = Task {
            maker: self.maker.clone(),
            data_dir: self.data_dir.clone(),
            directory,
            make_directory: rules.make_directory,
            now: self.hub.now().wall,
        };
        let made = tokio::task::spawn_blocking(move || task.carry_out()).await;
        made.unwrap_or_else(|_| Err(anyhow!("a defect of gatehouse, please report it")))
    }

    /// One was proved, so older ones may go: what is old is better than what is broken. Told at once, for nobody is to see half of it.
    fn keep(&self, directory: &Path, proved: Proven, rules: &Rules) {
        for backup in schedule::goes(&kept(directory), rules, self.hub.now().stamp()) {
            if let Err(error) = fs::remove_file(directory.join(&*backup.name)) {
                tracing::warn!(%error, name = &*backup.name, "an old backup could not be taken out");
            }
        }
        let (kept, name) = (kept(directory), proved.name.clone());
        self.change(|state| {
            *state = Backups { making: false, kept, proven: Some(proved), problem: None, ..state.clone() };
        });
        tracing::info!(name = &*name, "the home was backed up, and the backup proved");
    }

    fn tell(&self, error: &anyhow::Error) {
        let why = format!("{error:#}");
        tracing::error!("the home is not backed up: {why}");
        self.change(|state| (state.making, state.problem) = (false, Some(why.as_str().into())));
        let incident = Incident::once(NoticeKind::BackupFailed, Subject::Gateway, None).saying(why);
        if self.hub.tell_incident(incident).is_err() {
            tracing::warn!("the owner could not be told that the home is not backed up");
        }
    }

    fn change(&self, change: impl FnOnce(&mut Backups)) {
        self.state.send_modify(|state| change(Arc::make_mut(state)));
    }

    /// What is where backups go now.
    fn look(&self) {
        let directory = self.rules.borrow().directory.clone();
        let kept = directory.as_ref().map(|directory| kept(directory)).unwrap_or_default();
        let directory = directory.map(|path| path.display().to_string().into());
        self.change(|state| (state.directory, state.kept) = (directory, kept));
    }
}

/// One backup, on a thread that may block.
struct Task {
    maker: Maker,
    data_dir: PathBuf,
    directory: PathBuf,
    make_directory: bool,
    now: Wall,
}

impl Task {
    fn carry_out(self) -> anyhow::Result<Proven> {
        let shown = self.directory.display();
        if self.make_directory {
            let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.directory);
            made.with_context(|| format!("the directory {shown} cannot be made"))?;
        }
        if !self.directory.is_dir() {
            bail!("the directory {shown} is not there; is the stick plugged in?");
        }
        let made = self.maker.make()?;
        if !made.encrypted {
            bail!("there is no recovery key");
        }
        let path = free_name(&self.directory, self.now);
        place(&made.path, &path).with_context(|| format!("cannot write to {shown}"))?;
        self.prove(&path).inspect_err(|_| drop(fs::remove_file(&path)))
    }

    /// Restores it as a new machine would, to where it is thrown away: what was written there is read back, opened, and looked through.
    fn prove(&self, path: &Path) -> anyhow::Result<Proven> {
        let trial = self.data_dir.join("backup.trial");
        drop(fs::remove_dir_all(&trial));
        let tried = || -> anyhow::Result<()> {
            let file = File::open(path).context("it cannot be read back")?;
            let seal = self.maker.seal();
            unpack(io::BufReader::new(file), &[self.maker.own_key()?], &CONTENTS, secrets(seal), &trial)?;
            gatehouse_store::check(&trial.join(DATABASE))?;
            gatehouse_tls::Authority::open_sealed(&trial.join("tls"), seal).context("its certificate authority")?;
            Ok(())
        };
        let tried = tried();
        drop(fs::remove_dir_all(&trial));
        tried.with_context(|| format!("{} was not whole when it was restored for a trial", path.display()))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let proven = Proven { name: name.into(), at: self.now };
        remember(&self.data_dir, &proven).context("cannot remember that it was proved")?;
        Ok(proven)
    }
}

/// Under a name of its own: `gatehouse-20261127-030000.age`, in UTC.
fn free_name(directory: &Path, now: Wall) -> PathBuf {
    let at = i64::try_from(now.as_millis()).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    let at = at.map(|at| at.strftime("%Y%m%d-%H%M%S").to_string()).unwrap_or_default();
    let names = (1..).map(|number| if number == 1 { String::new() } else { format!("-{number}") });
    let mut paths = names.map(|more| directory.join(format!("{}{at}{more}{}", NAME.0, NAME.1)));
    paths.find(|path| !path.exists()).unwrap_or_else(|| directory.join(NAME.0))
}

/// Copies, for the place may be on another disk.
fn place(from: &Path, to: &Path) -> io::Result<()> {
    let unfinished = to.with_extension("age.new");
    let copied = || -> io::Result<()> {
        let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        io::copy(&mut File::open(from)?, &mut out)?;
        out.sync_all()?;
        fs::rename(&unfinished, to)?;
        File::open(to.parent().unwrap_or(Path::new("/")))?.sync_all()
    };
    copied().inspect_err(|_| drop(fs::remove_file(&unfinished)))
}

/// Those in a directory that are ours, the newest first; none when it cannot be read.
fn kept(directory: &Path) -> Vec<Backup> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let ours = |entry: io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let name = entry.file_name().into_string().ok()?;
        let found = entry.metadata().ok().filter(|found| found.is_file())?;
        let made = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        let made_at = Wall::from_millis(u64::try_from(made.as_millis()).ok()?);
        // What is called otherwise, a copy that somebody made there, is theirs.
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        (plain && name.starts_with(NAME.0) && name.ends_with(NAME.1)).then(|| Backup {
            name: name.into(),
            bytes: found.len(),
            made_at,
        })
    };
    let mut all: Vec<_> = entries.filter_map(ours).collect();
    all.sort_by(|one, other| (other.made_at, &other.name).cmp(&(one.made_at, &one.name)));
    all
}

#[derive(Serialize, Deserialize)]
struct ProvenFile {
    name: String,
    at_ms: u64,
}

fn remember(data_dir: &Path, proven: &Proven) -> io::Result<()> {
    let text = serde_json::to_vec(&ProvenFile { name: proven.name.to_string(), at_ms: proven.at.as_millis() })?;
    let unfinished = data_dir.join("backup.proven.new");
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, data_dir.join(PROVEN))
}

fn proven(data_dir: &Path) -> Option<Proven> {
    let file: ProvenFile = serde_json::from_slice(&fs::read(data_dir.join(PROVEN)).ok()?).ok()?;
    Some(Proven { name: file.name.into(), at: Wall::from_millis(file.at_ms) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_else_keeps_there_is_theirs() {
        let dir = tempfile::tempdir().unwrap();
        let ours = ["gatehouse-20261127-030000.age", "gatehouse-20261127-030000-2.age"];
        let theirs = [
            "gatehouse-20261127-030000 (copy).age",
            "gatehouse-Küche.age",
            "gatehouse-20261127-030000.age.new",
            "holiday.age",
        ];
        ours.iter().chain(&theirs).for_each(|name| fs::write(dir.path().join(name), "x").unwrap());
        fs::create_dir(dir.path().join("gatehouse-directory.age")).unwrap();
        let mut names: Vec<_> = kept(dir.path()).iter().map(|backup| backup.name.to_string()).collect();
        names.sort();
        assert_eq!(names, [ours[1], ours[0]]);
        assert_eq!(kept(&dir.path().join("none")), []);
    }
}
