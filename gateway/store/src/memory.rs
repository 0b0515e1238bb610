//! A database in memory, for tests and simulation.

use crate::open::{Opened, open_on};
use crate::{OpenError, Settings, StorageBackend};
use redb::backends::InMemoryBackend;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// A disk that is memory. Clones are the same disk, so a gateway that stopped can start on it again; only one may
/// have it open at a time, which nothing checks.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<InMemoryBackend>);

impl Memory {
    /// Opens what is on it, as [`crate::open`] does.
    pub fn open(&self, settings: Settings) -> Result<Opened, OpenError> {
        let disk = self.clone();
        open_on(Path::new("in memory"), settings, move || Ok(disk.clone()))
    }

    /// What a file with this database would hold.
    pub(crate) fn bytes(&self) -> io::Result<Vec<u8>> {
        // It is in memory, so its length is a length of memory.
        let mut bytes = vec![0; self.0.len()? as usize];
        self.0.read(0, &mut bytes)?;
        Ok(bytes)
    }
}

impl StorageBackend for Memory {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }
}
