//! A disk that fails and crashes when told to, and the chance that decides how.

use gatehouse_store::{OpenError, Opened, Settings, StorageBackend};
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// The same numbers for the same seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// What a disk was told to do and has not made sure of yet.
#[derive(Clone, Debug)]
enum Unsynced {
    Write(usize, Vec<u8>),
    Length(usize),
}

impl Unsynced {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write(offset, data) => {
                if bytes.len() < offset + data.len() {
                    bytes.resize(offset + data.len(), 0);
                }
                bytes[*offset..offset + data.len()].copy_from_slice(data);
            }
        }
    }
}

#[derive(Debug, Default)]
struct Platter {
    seen: Vec<u8>,
    synced: Vec<u8>,
    unsynced: Vec<Unsynced>,
    changes: u64,
    syncs: u64,
    /// The change that fails, by its number, and whether all after it fail too.
    fails: Option<(u64, bool)>,
    failed: bool,
    told: Option<Sender<()>>,
}

/// A disk in memory. Clones are the same disk. Changes are writes, changes of length and syncs, counted from 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Platter>>);

impl Disk {
    pub(crate) fn with(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Platter { seen: bytes.clone(), synced: bytes, ..Platter::default() })))
    }

    pub(crate) fn open(&self, settings: Settings) -> Result<Opened, OpenError> {
        let disk = self.clone();
        gatehouse_store::open_on(Path::new("disk"), settings, move || Ok(disk.clone()))
    }

    /// Opens, and from then on calls `before` ahead of every change.
    pub(crate) fn open_watched(
        &self,
        settings: Settings,
        before: impl Fn() + Send + Sync + 'static,
    ) -> Result<Opened, OpenError> {
        let (disk, before) = (self.clone(), Watch(Arc::new(before)));
        gatehouse_store::open_on(Path::new("disk"), settings, move || Ok(Watched(disk.clone(), before.clone())))
    }

    /// From now on the `nth` change fails, and with `for_long` all later ones until [`Self::heal`].
    pub(crate) fn fail(&self, nth: u64, for_long: bool) {
        let mut platter = self.0.lock().unwrap();
        platter.fails = Some((platter.changes + nth, for_long));
    }

    /// Whether anything failed since.
    pub(crate) fn heal(&self) -> bool {
        let mut platter = self.0.lock().unwrap();
        platter.fails = None;
        std::mem::take(&mut platter.failed)
    }

    pub(crate) fn changes(&self) -> u64 {
        self.0.lock().unwrap().changes
    }

    pub(crate) fn syncs(&self) -> u64 {
        self.0.lock().unwrap().syncs
    }

    /// Tells of every sync from now on.
    pub(crate) fn watch_syncs(&self) -> Receiver<()> {
        let (tell, told) = channel();
        self.0.lock().unwrap().told = Some(tell);
        told
    }

    /// What the platter holds when the power goes now: what was synced, and any of the rest.
    pub(crate) fn after_power_cut(&self, random: &mut Random) -> Vec<u8> {
        let platter = self.0.lock().unwrap();
        let mut bytes = platter.synced.clone();
        for change in &platter.unsynced {
            match (change, random.below(3)) {
                (_, 0) => {}
                // Torn: only its first sectors.
                (Unsynced::Write(offset, data), 1) => {
                    let sectors = random.below(data.len() as u64 / 512 + 1) as usize;
                    Unsynced::Write(*offset, data[..sectors * 512].to_vec()).apply(&mut bytes);
                }
                (change, _) => change.apply(&mut bytes),
            }
        }
        bytes
    }

    fn change(&self, f: impl FnOnce(&mut Platter)) -> io::Result<()> {
        let mut platter = self.0.lock().unwrap();
        platter.changes += 1;
        let now = platter.changes;
        if platter.fails.is_some_and(|(at, for_long)| now == at || (for_long && now > at)) {
            platter.failed = true;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        f(&mut platter);
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let platter = self.0.lock().unwrap();
        let part = platter.seen.get(offset as usize..offset as usize + out.len());
        out.copy_from_slice(part.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(|platter| {
            let change = Unsynced::Length(len as usize);
            change.apply(&mut platter.seen);
            platter.unsynced.push(change);
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(|platter| {
            platter.unsynced.clear();
            platter.synced = platter.seen.clone();
            platter.syncs += 1;
            if let Some(told) = &platter.told {
                told.send(()).unwrap();
            }
        })
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(|platter| {
            let change = Unsynced::Write(offset as usize, data.to_vec());
            change.apply(&mut platter.seen);
            platter.unsynced.push(change);
        })
    }
}

#[derive(Clone)]
struct Watch(Arc<dyn Fn() + Send + Sync>);

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

#[derive(Debug)]
struct Watched(Disk, Watch);

impl StorageBackend for Watched {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        (self.1.0)();
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        (self.1.0)();
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        (self.1.0)();
        self.0.write(offset, data)
    }
}
