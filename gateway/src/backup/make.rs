//! A backup out of the running daemon.

use super::{AUTHORITY, DATABASE, HEADER, secrets};
use anyhow::{Context, anyhow};
use gatehouse_backup::{Key, Manifest, Part, Recipient, pack};
use gatehouse_hub::Hub;
use gatehouse_seal::Seal;
use gatehouse_store::Reader;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The gateway's own key, in the data directory: by it a backup is proved that only the recovery key opens otherwise. It guards nothing
/// that does not lie beside it.
pub(super) const OWN_KEY: &str = "backup.key";
/// Where backups are in the making, in the data directory.
const WORKSHOP: &str = "backup.new";

/// Makes backups.
#[derive(Clone)]
pub(crate) struct Maker {
    reader: Reader,
    data_dir: PathBuf,
    seal: Seal,
    hub: Hub,
    /// So that several at a time have a place each.
    made: Arc<AtomicU64>,
}

/// A backup that was made.
#[derive(Debug)]
pub(crate) struct Made {
    /// What it says of itself.
    pub(crate) manifest: Manifest,
    /// Whether only the recovery key opens it.
    pub(crate) encrypted: bool,
    /// Where it is, for as long as this is kept.
    pub(crate) path: PathBuf,
    workshop: PathBuf,
}

impl Drop for Made {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.workshop));
    }
}

impl Maker {
    pub(crate) fn new(reader: Reader, data_dir: PathBuf, seal: Seal, hub: Hub) -> Self {
        // What a crash left behind.
        drop(fs::remove_dir_all(data_dir.join(WORKSHOP)));
        Self { reader, data_dir, seal, hub, made: Arc::default() }
    }

    /// Makes one of what is committed now, encrypted to the home's recovery key; to nobody while there is none. It needs as much room on the data directory's
    /// disk as the database twice. Blocks for as long as reading and writing that takes.
    pub(crate) fn make(&self) -> anyhow::Result<Made> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let workshop = self.data_dir.join(WORKSHOP).join(number.to_string());
        DirBuilder::new().recursive(true).mode(0o700).create(&workshop).with_context(|| at(&workshop))?;
        let (database, path) = (workshop.join(DATABASE), workshop.join("backup"));
        // From here on the directory goes with it.
        let mut made = Made { manifest: self.about(), encrypted: false, path, workshop };
        self.reader.snapshot(&database)?;
        let beside = |name: &'static str| Part { name, path: self.data_dir.join(name) };
        let mut parts =
            vec![Part { name: DATABASE, path: database.clone() }, beside(AUTHORITY[0]), beside(AUTHORITY[1])];
        parts.extend(Some(beside(HEADER)).filter(|part| part.path.exists()));
        let to = self.recipients()?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&made.path);
        let mut out = io::BufWriter::new(file.with_context(|| at(&made.path))?);
        made.manifest = pack(&mut out, made.manifest.clone(), &parts, secrets(&self.seal), &to)?;
        made.encrypted = !to.is_empty();
        out.flush().and_then(|()| out.get_ref().sync_all()).with_context(|| at(&made.path))?;
        fs::remove_file(&database).with_context(|| at(&database))?;
        Ok(made)
    }

    /// What seals secrets on this machine's disk.
    pub(super) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// The gateway's own key, made when it is missing.
    pub(super) fn own_key(&self) -> anyhow::Result<Key> {
        let path = self.data_dir.join(OWN_KEY);
        let read = match fs::read(&path) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return make_own_key(&path, &self.seal),
            Err(error) => return Err(error).with_context(|| at(&path)),
        };
        let secret = self.seal.open(OWN_KEY, &read).unwrap_or_default();
        // One that is damaged is good for nothing: another one does as well.
        let Ok(key) = Key::parse(&String::from_utf8_lossy(&secret)) else { return make_own_key(&path, &self.seal) };
        if self.seal.is_due(&read) {
            save(&path, &secret, &self.seal)?;
        }
        Ok(key)
    }

    fn about(&self) -> Manifest {
        Manifest {
            format: 0,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            home: self.hub.view().home.as_ref().map(|home| home.name.to_string()),
            made_at_ms: self.hub.now().stamp().map(|at| at.as_millis()),
            files: Vec::new(),
        }
    }

    fn recipients(&self) -> anyhow::Result<Vec<Recipient>> {
        let Some(key) = self.hub.view().backup_key.clone() else { return Ok(Vec::new()) };
        let paper =
            Recipient::parse(key.as_str()).map_err(|_| anyhow!("the recovery key is damaged: make another one"))?;
        Ok(vec![paper, self.own_key()?.recipient()])
    }
}

fn make_own_key(path: &Path, seal: &Seal) -> anyhow::Result<Key> {
    let key = Key::draw();
    save(path, key.reveal().as_bytes(), seal)?;
    Ok(key)
}

fn save(path: &Path, secret: &[u8], seal: &Seal) -> anyhow::Result<()> {
    let unfinished = path.with_extension("key.new");
    let write = || -> io::Result<()> {
        let closed = seal.close(OWN_KEY, secret)?;
        let mut file: File =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        file.write_all(&closed)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| at(path))
}

fn at(path: &Path) -> String {
    format!("cannot use {}; check the disk and its free space", path.display())
}
