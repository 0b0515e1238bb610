//! From a directory to an open database, without ever writing over what cannot be read.

use crate::disk::{Disk, Source};
use crate::error::{Fault, OpenError, WriteError};
use crate::load::{load, load_retained};
use crate::migrate::{self, SCHEMA, STEPS};
use crate::reader::Reader;
use crate::recovery::{self, Recovered};
use crate::snapshot::SNAPSHOT_NAME;
use crate::tables::{self, BOOT, COMMIT, META};
use crate::writer::Writer;
use crate::{Memory, Settings, StorageBackend};
use gatehouse_core::ids::{MAX_BOOTS, Ticket};
use gatehouse_core::record::Record;
use gatehouse_core::retained::RetainedMessage;
use redb::backends::FileBackend;
use redb::{Database, DatabaseError, ReadTransaction, ReadableDatabase, ReadableTable};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The database's file in the data directory.
pub const FILE_NAME: &str = "gatehouse.redb";
/// A database in the making: nobody was told yet that anything is in it.
const UNFINISHED: &str = "gatehouse.redb.new";

/// A database as it was found.
#[derive(Debug)]
pub struct Opened {
    /// To read and write it.
    pub store: Store,
    /// The number of this start, from 1, under [`MAX_BOOTS`]; on disk before anyone sees it.
    pub boot: u32,
    /// What a home is made of, each kind before those that refer to it: home, members, sessions, rooms, devices,
    /// switches, reported states, the commands that were still open, and the newest that timed out. A change of a
    /// reported state names its command when that is still kept.
    pub records: Vec<Record>,
    /// Integrations' retained messages, in no order that matters.
    pub retained: Vec<RetainedMessage>,
    /// That it is not the database that was written last, but its snapshot.
    pub recovered: Option<Recovered>,
}

/// An open database, to read from and to start the writer on.
pub struct Store {
    disk: Arc<Disk>,
    settings: Settings,
    commit: u64,
    failing: Failing,
}

/// Is told when the disk can no longer be written, and when it can again.
pub(crate) type Failing = Box<dyn Fn(bool) + Send>;

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// A way to read, good until the writer stops.
    pub fn reader(&self) -> Reader {
        Reader::new(self.disk.clone())
    }

    /// `failing` is called with true when the disk can no longer be written, and with false when it can again; it must not
    /// block.
    pub fn telling(self, failing: impl Fn(bool) + Send + 'static) -> Self {
        Self { failing: Box::new(failing), ..self }
    }

    /// Starts the thread that writes. It calls `on_written` once for every ticket, with `Ok` when the records are
    /// on disk; `on_written` must not block, for nothing is written meanwhile.
    pub fn start_writer(self, on_written: impl Fn(Ticket, Result<(), WriteError>) + Send + 'static) -> Writer {
        Writer::start(self.disk, self.settings, self.commit, self.failing, on_written)
    }
}

/// Opens the database in a data directory, with the default [`Settings`]; makes directory (mode 0700) and file
/// (mode 0600) when they are missing. A file that a crash left half written is repaired to its last commit. One that cannot be
/// read, or is gone, is replaced by its [snapshot](SNAPSHOT_NAME), if there is one, and kept beside it. Only
/// one process at a time gets a directory.
pub fn open(data_dir: &Path) -> Result<Opened, OpenError> {
    open_with(data_dir, Settings::default())
}

/// Holds a data directory, so that no daemon can start on it, for as long as it is there.
#[derive(Debug)]
pub struct DirectoryLock(File);

/// Takes hold of a data directory, which is made (mode 0700) when it is missing.
pub fn lock(data_dir: &Path) -> Result<DirectoryLock, OpenError> {
    let directory = |source| OpenError::Directory { path: data_dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(directory)?;
    let lock = File::open(data_dir).map_err(directory)?;
    match lock.try_lock() {
        Ok(()) => Ok(DirectoryLock(lock)),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { path: data_dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(directory(source)),
    }
}

/// [`open`], with other limits.
pub fn open_with(data_dir: &Path, settings: Settings) -> Result<Opened, OpenError> {
    let directory = |source| OpenError::Directory { path: data_dir.to_owned(), source };
    let DirectoryLock(lock) = lock(data_dir)?;
    let path = data_dir.join(FILE_NAME);
    let mut recovered = None;
    match fs::metadata(&path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if fs::exists(data_dir.join(SNAPSHOT_NAME)).map_err(directory)? {
                recovered = recovery::from_snapshot(&path, "it is gone".to_owned());
            }
            if recovered.is_none() {
                make_file(data_dir, &lock).map_err(directory)?;
            }
        }
        Err(source) => return Err(directory(source)),
    }
    let opened = match open_file(&path, settings, &lock) {
        Err(error) if recovered.is_none() && recovery::may_help(&error) => {
            recovered = Some(recovery::from_snapshot(&path, error.to_string()).ok_or(error)?);
            open_file(&path, settings, &lock)
        }
        opened => opened,
    }?;
    Ok(Opened { recovered, ..opened })
}

fn open_file(path: &Path, settings: Settings, lock: &File) -> Result<Opened, OpenError> {
    let directory = |source| OpenError::Directory { path: path.to_owned(), source };
    let found = fs::metadata(path).map_err(directory)?;
    if !found.is_file() || found.len() == 0 {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    // The same lock, for as long as either is there.
    let lock = lock.try_clone().map_err(directory)?;
    finish(path, settings, file_source(path.to_owned()), Some(lock))
}

/// A file that is there.
pub(crate) fn file_source(file: PathBuf) -> Source {
    Source::new(move || {
        let file = OpenOptions::new().read(true).write(true).open(&file)?;
        FileBackend::new(file).map_err(|error| io::Error::other(error.to_string()))
    })
}

/// Opens a database in memory that nobody else can reach; it is gone with the last handle.
pub fn in_memory() -> Result<Opened, OpenError> {
    Memory::default().open(Settings::default())
}

/// Opens the database on storage of the caller's: `storage` is called at every opening and must give the same bytes
/// again. `name` stands for the file in messages. Nothing keeps two processes apart. For tests that need a disk
/// to fail.
pub fn open_on<B: StorageBackend>(
    name: &Path,
    settings: Settings,
    storage: impl Fn() -> io::Result<B> + Send + Sync + 'static,
) -> Result<Opened, OpenError> {
    let at = |fault: Fault| fault.at(name.to_owned());
    let empty = storage().and_then(|storage| storage.len()).map_err(|e| at(redb::Error::Io(e).into()))? == 0;
    let source = Source::new(storage);
    if empty {
        source.open().map_err(Fault::from).and_then(initialise).map_err(at)?;
    }
    finish(name, settings, source, None)
}

/// A crash must not leave a file under the right name that is no database yet, so it gets its name last. It is made
/// in memory, for redb would sync each of the steps.
fn make_file(data_dir: &Path, directory: &File) -> io::Result<()> {
    let memory = Memory::default();
    let database = Database::builder().create_with_backend(memory.clone()).map_err(Fault::from);
    let name = data_dir.join(FILE_NAME);
    database.and_then(initialise).map_err(|fault| io::Error::other(fault.at(name.clone())))?;
    let unfinished = data_dir.join(UNFINISHED);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(&memory.bytes()?)?;
    file.sync_all()?;
    fs::rename(&unfinished, name)?;
    directory.sync_all()
}

fn initialise(database: Database) -> Result<(), Fault> {
    let txn = database.begin_write()?;
    tables::create(&txn)?;
    txn.open_table(META)?.insert(tables::SCHEMA, SCHEMA)?;
    txn.commit()?;
    Ok(database.close()?)
}

fn finish(path: &Path, settings: Settings, source: Source, lock: Option<File>) -> Result<Opened, OpenError> {
    // redb trusts a file that was closed cleanly and may panic when something else changed it since.
    let read = catch_unwind(AssertUnwindSafe(|| read_and_raise(&source)));
    let read = read.unwrap_or_else(|_| Err(Fault::Damaged("its pages do not fit together".to_owned())));
    let Start { database, boot, commit, records, retained } = read.map_err(|fault| fault.at(path.to_owned()))?;
    let disk = Arc::new(Disk::new(source, database, lock));
    let store = Store { disk, settings, commit, failing: Box::new(|_| {}) };
    Ok(Opened { store, boot, records, retained, recovered: None })
}

struct Start {
    database: Database,
    boot: u32,
    commit: u64,
    records: Vec<Record>,
    retained: Vec<RetainedMessage>,
}

fn read_and_raise(source: &Source) -> Result<Start, Fault> {
    // First without the right to write: what is damaged or too new must stay as it is, byte for byte.
    let records = match source.open_read_only() {
        Ok(database) => load_current(&database)?,
        // It was not closed cleanly.
        Err(DatabaseError::RepairAborted) => load_current(&source.try_open()?)?,
        Err(error) => return Err(error.into()),
    };
    let database = source.open()?;
    let (boot, commit) = raise_boot(&database)?;
    let records = match records {
        Some(records) => records,
        None => load(&database.begin_read()?)?,
    };
    let retained = load_retained(&database.begin_read()?)?;
    Ok(Start { database, boot, commit, records, retained })
}

/// None when the file's schema is older than this version's, so that its rows cannot be read yet.
fn load_current(database: &impl ReadableDatabase) -> Result<Option<Vec<Record>>, Fault> {
    let txn = database.begin_read()?;
    if schema(&txn)? == SCHEMA { load(&txn).map(Some) } else { Ok(None) }
}

pub(crate) fn schema(txn: &ReadTransaction) -> Result<u64, Fault> {
    let meta = txn.open_table(META).map_err(|error| match error {
        redb::TableError::TableDoesNotExist(_) => {
            Fault::Damaged("it is a redb database, but not one of gatehouse".to_owned())
        }
        error => error.into(),
    })?;
    migrate::found(&meta, SCHEMA)
}

/// Brings the file to this version's schema and counts this start, in one commit. Second: the number of the
/// writer's last commit.
fn raise_boot(database: &Database) -> Result<(u32, u64), Fault> {
    let txn = database.begin_write()?;
    migrate::migrate(&txn, STEPS)?;
    let (boot, commit);
    {
        let mut meta = txn.open_table(META)?;
        let number = |key: &str| -> Result<u64, Fault> {
            let missing = || Fault::Damaged(format!("its {key} number is missing"));
            Ok(meta.get(key)?.ok_or_else(missing)?.value())
        };
        let next = number(BOOT)?.saturating_add(1);
        boot = u32::try_from(next).ok().filter(|boot| *boot < MAX_BOOTS).ok_or(Fault::BootsUsedUp(next - 1))?;
        commit = number(COMMIT)?;
        meta.insert(BOOT, next)?;
    }
    txn.commit()?;
    Ok((boot, commit))
}
