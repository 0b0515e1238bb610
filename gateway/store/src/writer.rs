//! The one thread that writes.

use crate::disk::Disk;
use crate::error::{StopError, WriteError};
use crate::inbox::{Ended, Inbox, Queue, Taken};
use crate::open;
use crate::pending::Pending;
use crate::tables::{COMMIT, META};
use crate::{Settings, apply};
use gatehouse_core::ids::Ticket;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Longest pause between two tries while the disk cannot be written.
const MAX_PAUSE: Duration = Duration::from_secs(10);

/// The writer's thread. Dropping it stops it as [`Self::stop`] does, with an error only in the log.
pub struct Writer {
    inbox: Arc<Inbox>,
    thread: Option<JoinHandle<Result<(), StopError>>>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    pub(crate) fn start(
        disk: Arc<Disk>,
        settings: Settings,
        commit: u64,
        on_failing: open::Failing,
        on_written: impl Fn(Ticket, Result<(), WriteError>) + Send + 'static,
    ) -> Self {
        let inbox = Arc::new(Inbox::new(&settings));
        let thread = Thread {
            disk,
            inbox: inbox.clone(),
            settings,
            on_failing,
            on_written,
            pending: Pending::default(),
            commit,
            doubtful: None,
            failing: None,
        };
        let guard = EndGuard(inbox.clone());
        let run = move || {
            let _guard = guard;
            thread.run()
        };
        let thread = std::thread::Builder::new().name("store".to_owned()).spawn(run);
        // Fails only when the system has no thread to give, at the daemon's very start.
        Self { inbox, thread: Some(thread.expect("the system can start a thread")) }
    }

    /// Where to hand in batches.
    pub fn queue(&self) -> Queue {
        Queue(self.inbox.clone())
    }

    /// Ready once the thread has ended: by [`Self::stop`], by a panic, or because memory and disk differ. In the
    /// latter two cases nothing more will be written, and the process should end.
    pub fn ended(&self) -> Ended {
        Ended(self.inbox.clone())
    }

    /// Commits what was queued before, answers its tickets, closes the file and ends the thread. Waits for all of it.
    pub fn stop(mut self) -> Result<(), StopError> {
        self.join()
    }

    fn join(&mut self) -> Result<(), StopError> {
        let Some(thread) = self.thread.take() else { return Ok(()) };
        self.inbox.stop();
        thread.join().unwrap_or(Err(StopError::Panicked))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Err(error) = self.join() {
            tracing::error!("{error}");
        }
    }
}

struct EndGuard(Arc<Inbox>);

impl Drop for EndGuard {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// The disk cannot be written.
struct Failing {
    error: WriteError,
    tries: u32,
    dropped: usize,
}

/// Why a commit was not made.
enum Failure {
    /// It is tried again.
    Passing(redb::Error),
    /// The thread must end.
    Final(StopError),
}

impl From<redb::Error> for Failure {
    fn from(error: redb::Error) -> Self {
        Self::Passing(error)
    }
}

struct Thread<F> {
    disk: Arc<Disk>,
    inbox: Arc<Inbox>,
    settings: Settings,
    on_failing: open::Failing,
    on_written: F,
    pending: Pending,
    /// Number of the last commit that is known to be on disk.
    commit: u64,
    /// A commit that failed, whose tickets were told so, and that may yet be found on disk.
    doubtful: Option<u64>,
    failing: Option<Failing>,
}

impl<F: Fn(Ticket, Result<(), WriteError>)> Thread<F> {
    fn run(mut self) -> Result<(), StopError> {
        let ended = self.write_until_stopped();
        if let Err(StopError::Diverged) = ended {
            // Whoever waits shall not wait for ever.
            self.inbox.stop();
            for batch in self.inbox.take_soon(Duration::ZERO).batches {
                self.pending.add(batch);
            }
            let error = WriteError(StopError::Diverged.to_string().into());
            for ticket in self.pending.failed(0).0 {
                (self.on_written)(ticket, Err(error.clone()));
            }
        }
        ended
    }

    fn write_until_stopped(&mut self) -> Result<(), StopError> {
        loop {
            let Taken { batches, retained, stopping } = match &self.failing {
                Some(failing) if !self.pending.is_empty() => self.inbox.take_soon(self.pause(failing.tries)),
                _ => self.inbox.take(self.settings.window),
            };
            for batch in batches {
                self.pending.add(batch);
            }
            self.pending.add_retained(retained);
            if !self.pending.is_empty() {
                self.commit()?;
            }
            if stopping {
                return self.close();
            }
        }
    }

    fn pause(&self, tries: u32) -> Duration {
        MAX_PAUSE.min(self.settings.window.saturating_mul(1 << tries.min(8)))
    }

    fn close(&mut self) -> Result<(), StopError> {
        let closed = self.disk.close();
        if let Some(failing) = self.failing.take()
            && !self.pending.is_empty()
        {
            return Err(StopError::NotWritten { records: self.pending.loose(), source: failing.error });
        }
        closed.map_err(|error| StopError::Close(error.to_string()))
    }

    /// Writes all that is pending and answers its tickets, one way or the other.
    fn commit(&mut self) -> Result<(), StopError> {
        match self.try_commit() {
            Ok(()) => {
                self.commit += 1;
                if let Some(Failing { tries, dropped, .. }) = self.failing.take() {
                    tracing::warn!(tries, dropped, "the database can be written again");
                    (self.on_failing)(false);
                }
                for ticket in self.pending.written() {
                    (self.on_written)(ticket, Ok(()));
                }
                Ok(())
            }
            Err(Failure::Passing(error)) => {
                self.failed(&error);
                Ok(())
            }
            Err(Failure::Final(error)) => Err(error),
        }
    }

    fn failed(&mut self, error: &redb::Error) {
        let error = WriteError(error.to_string().into());
        let (tickets, dropped) = self.pending.failed(self.settings.kept);
        if self.failing.is_none() {
            // Once, not at every try: a full disk needs no full log.
            tracing::error!("{error}; what is not awaited is kept in memory and tried again");
            (self.on_failing)(true);
        }
        let failing = self.failing.get_or_insert_with(|| Failing { error: error.clone(), tries: 0, dropped: 0 });
        failing.tries = failing.tries.saturating_add(1);
        failing.dropped += dropped;
        for ticket in tickets {
            (self.on_written)(ticket, Err(error.clone()));
        }
    }

    fn try_commit(&mut self) -> Result<(), Failure> {
        if !self.disk.is_open() {
            self.disk.reopen()?;
            self.resolve_doubt()?;
        }
        let number = self.commit + 1;
        let (pending, limits) = (&self.pending, &self.settings);
        let written = self.disk.write(|txn| {
            apply::apply(txn, pending.records(), limits)?;
            apply::apply_retained(txn, pending.retained())?;
            txn.open_table(META)?.insert(COMMIT, number)?;
            Ok(())
        });
        let Err(error) = written else { return Ok(()) };
        // redb cannot say whether a failed commit is on the disk, and serves nothing more until it is opened again,
        // which also checks every page. Then the number tells.
        match self.disk.reopen().and_then(|()| self.number_on_disk()) {
            Ok(on_disk) if on_disk == number => Ok(()),
            Ok(_) => Err(Failure::Passing(error)),
            Err(_) => {
                self.disk.abandon();
                self.doubtful = self.pending.has_tickets().then_some(number);
                Err(Failure::Passing(error))
            }
        }
    }

    fn number_on_disk(&self) -> Result<u64, redb::Error> {
        let number = self.disk.read(|txn| Ok(txn.open_table(META)?.get(COMMIT)?.map_or(0, |value| value.value())));
        number.unwrap_or(Err(redb::Error::DatabaseClosed))
    }

    /// A commit in doubt that is on the disk: people were told that nothing changed, and the home goes on without
    /// what the disk holds. Only a new start can bring the two together.
    fn resolve_doubt(&mut self) -> Result<(), Failure> {
        let on_disk = self.number_on_disk()?;
        if self.doubtful.take() == Some(on_disk) {
            return Err(Failure::Final(StopError::Diverged));
        }
        self.commit = on_disk;
        Ok(())
    }
}
