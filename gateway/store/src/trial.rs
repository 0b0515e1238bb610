//! Storage that takes changes without making them.
//!
//! redb repairs a file that was not closed cleanly while it opens it, and may write before it finds that the file
//! cannot be repaired. A trial finds that out first.

use crate::StorageBackend;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Reads from `inner`, keeps changes in memory: a repair makes a few pages of them.
#[derive(Debug)]
pub(crate) struct Trial<B> {
    inner: B,
    changes: Mutex<Changes>,
}

#[derive(Debug)]
struct Changes {
    /// Of what is seen.
    len: u64,
    /// Up to where `inner` is still seen.
    inner_len: u64,
    /// Offset and bytes, in the order they were written.
    writes: Vec<(u64, Vec<u8>)>,
}

impl<B: StorageBackend> Trial<B> {
    pub(crate) fn new(inner: B) -> io::Result<Self> {
        let len = inner.len()?;
        Ok(Self { inner, changes: Mutex::new(Changes { len, inner_len: len, writes: Vec::new() }) })
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Copies the part of `data`, which lies at `from`, that falls into `out`, which lies at `at`.
fn overlay(out: &mut [u8], at: u64, data: &[u8], from: u64) {
    let begin = at.max(from);
    let end = (at + out.len() as u64).min(from + data.len() as u64);
    if begin < end {
        // Differences to the start of a slice in memory.
        let (to, of, count) = ((begin - at) as usize, (begin - from) as usize, (end - begin) as usize);
        out[to..to + count].copy_from_slice(&data[of..of + count]);
    }
}

impl<B: StorageBackend> StorageBackend for Trial<B> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes();
        if offset + out.len() as u64 > changes.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let beneath = changes.inner_len.saturating_sub(offset).min(out.len() as u64) as usize;
        let (beneath, beyond) = out.split_at_mut(beneath);
        beyond.fill(0);
        if !beneath.is_empty() {
            self.inner.read(offset, beneath)?;
        }
        for (from, data) in &changes.writes {
            overlay(out, offset, data, *from);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut changes = self.changes();
        changes.len = len;
        changes.inner_len = changes.inner_len.min(len);
        // What is cut off must read as zeros when the length grows again.
        changes.writes.retain_mut(|(from, data)| {
            data.truncate(usize::try_from(len.saturating_sub(*from)).unwrap_or(usize::MAX));
            !data.is_empty()
        });
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes();
        changes.len = changes.len.max(offset + data.len() as u64);
        changes.writes.push((offset, data.to_vec()));
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use redb::backends::InMemoryBackend;

    /// The same calls on the trial and on the real thing give the same bytes, and what is beneath stays.
    #[test]
    fn a_trial_reads_as_if_its_changes_were_made() {
        let (beneath, real) = (InMemoryBackend::new(), InMemoryBackend::new());
        for storage in [&beneath, &real] {
            storage.set_len(100).unwrap();
            storage.write(0, &[1; 100]).unwrap();
        }
        let trial = Trial::new(beneath).unwrap();
        let storages: [&dyn StorageBackend; 2] = [&trial, &real];
        for storage in storages {
            storage.write(10, &[2; 20]).unwrap();
            storage.write(25, &[3; 10]).unwrap();
            storage.set_len(150).unwrap();
            storage.write(140, &[4; 10]).unwrap();
            storage.set_len(28).unwrap();
            storage.set_len(120).unwrap();
            storage.write(90, &[5; 30]).unwrap();
            storage.sync_data().unwrap();
        }
        let all = |storage: &dyn StorageBackend, len| {
            let mut out = vec![9; len];
            storage.read(0, &mut out).map(|()| out)
        };
        assert_eq!(trial.len().unwrap(), 120);
        assert_eq!(all(&trial, 120).unwrap(), all(&real, 120).unwrap());
        assert!(all(&trial, 121).is_err());
        let mut part = [0; 7];
        trial.read(24, &mut part).unwrap();
        assert_eq!(part, [2, 3, 3, 3, 0, 0, 0]);
        assert_eq!(all(&trial.inner, 100).unwrap(), [1; 100]);
    }
}
