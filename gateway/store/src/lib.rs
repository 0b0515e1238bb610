//! One embedded database: tables, records, migration, the writer thread.
//!
//! [`open`] gives what was kept, as core's records. From then on one thread writes ([`Store::start_writer`]) and
//! anyone reads ([`Reader`]).
//!
//! **Invariant:** a ticket is answered with `Ok` only when its records are on the disk. Rows on disk are structs of
//! this crate, apart from core's types, so that a change of core cannot silently change what a file means.

mod apply;
mod check;
mod disk;
mod error;
mod inbox;
mod lines;
mod load;
mod memory;
mod migrate;
mod open;
mod pending;
mod reader;
mod recovery;
mod rows;
mod snapshot;
mod tables;
mod trial;
mod writer;

pub use check::{check, has_owner};
pub use error::{Full, OpenError, ReadError, SnapshotError, StopError, WriteError};
pub use inbox::{Batch, Ended, Queue};
pub use lines::{Bounds, Page};
pub use memory::Memory;
pub use open::{DirectoryLock, FILE_NAME, Opened, Store, in_memory, lock, open, open_on, open_with};
pub use reader::Reader;
pub use recovery::Recovered;
/// What a database can lie on; for tests that let a disk fail.
pub use redb::StorageBackend;
pub use snapshot::{SNAPSHOT_NAME, Snapshot, revive};
pub use writer::Writer;

use std::time::Duration;

/// Limits of the store. The defaults are right for a gateway; tests use smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Longest time that records without a ticket wait in memory, so that many share one commit. A power cut
    /// loses at most this much of them.
    pub window: Duration,
    /// Batches waiting at which the window ends early.
    pub backlog: usize,
    /// Batches waiting at which [`Queue::try_send`] refuses those without a ticket; one with a ticket finds room beyond.
    pub queue: usize,
    /// Records without a ticket and retained messages that are kept while the disk cannot be written; beyond, retained
    /// messages go, then the oldest movements and commands. Also changes of retained messages at which
    /// [`Queue::try_send_retained`] refuses.
    pub kept: usize,
    /// Commands on disk: the newest of them.
    pub commands: u64,
    /// Movements of relays without a command on disk: the newest of them.
    pub movements: u64,
    /// Changes of settings in the record that people read: the newest of them.
    pub changes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: Duration::from_millis(500),
            backlog: 1_024,
            queue: 32_768,
            kept: 65_536,
            commands: 100_000,
            movements: 100_000,
            changes: 50_000,
        }
    }
}
