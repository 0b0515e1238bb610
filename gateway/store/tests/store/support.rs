//! A store that is open, a writer whose answers a test waits for, and how long it waits.

use gatehouse_core::ids::Ticket;
use gatehouse_core::record::Record;
use gatehouse_store::{Batch, OpenError, Opened, Queue, Reader, Settings, StopError, WriteError, Writer};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Nothing that works takes this long.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Limits with a window that never ends on its own: only tickets and stop commit.
pub(crate) fn patient() -> Settings {
    Settings { window: Duration::from_secs(3_600), ..Settings::default() }
}

/// A store that is open and being written.
pub(crate) struct Running {
    pub(crate) boot: u32,
    pub(crate) records: Vec<Record>,
    pub(crate) reader: Reader,
    pub(crate) writer: Writer,
    pub(crate) queue: Queue,
    answers: Receiver<(Ticket, Result<(), WriteError>)>,
}

impl Running {
    pub(crate) fn new(opened: Result<Opened, OpenError>) -> Self {
        Self::watched(opened, |_| {})
    }

    /// `seen` is called within the answer, before anything else can happen.
    pub(crate) fn watched(
        opened: Result<Opened, OpenError>,
        seen: impl Fn(&Result<(), WriteError>) + Send + 'static,
    ) -> Self {
        let Opened { store, boot, records, .. } = opened.unwrap();
        let (tell, answers) = channel();
        let reader = store.reader();
        let writer = store.start_writer(move |ticket, result| {
            seen(&result);
            tell.send((ticket, result)).unwrap();
        });
        Self { boot, records, reader, queue: writer.queue(), writer, answers }
    }

    pub(crate) fn send(&self, records: Vec<Record>) {
        self.queue.try_send(Batch { ticket: None, records }).unwrap();
    }

    pub(crate) fn send_awaited(&self, ticket: u64, records: Vec<Record>) {
        self.queue.try_send(Batch { ticket: Some(Ticket(ticket)), records }).unwrap();
    }

    pub(crate) fn answer(&self) -> (u64, Result<(), WriteError>) {
        let (ticket, result) = self.answers.recv_timeout(LONG).unwrap();
        (ticket.0, result)
    }

    pub(crate) fn write(&self, records: Vec<Record>) -> Result<(), WriteError> {
        self.send_awaited(1, records);
        self.answer().1
    }

    pub(crate) fn stop(self) -> Result<(), StopError> {
        self.writer.stop()
    }
}

/// Keeps records in one run of the daemon and stops it well.
pub(crate) fn keep(data_dir: &Path, records: Vec<Record>) {
    let running = Running::new(gatehouse_store::open(data_dir));
    running.write(records).unwrap();
    running.stop().unwrap();
}

/// What the next start would find.
pub(crate) fn found(data_dir: &Path) -> Vec<Record> {
    gatehouse_store::open(data_dir).unwrap().records
}
