//! The store: writes in order, late, and sometimes not at all; a crash keeps what is written and some of what waits.

use crate::facts::Facts;
use crate::rng::Rng;
use gatehouse_core::ids::Ticket;
use gatehouse_core::record::Record;
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
struct Pending {
    ticket: Option<Ticket>,
    records: Vec<Record>,
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    pub(crate) facts: Facts,
    pending: VecDeque<Pending>,
    /// What each ticket of this run wrote, until the home has heard of it.
    written: BTreeMap<Ticket, Vec<Record>>,
}

impl Disk {
    pub(crate) fn push(&mut self, ticket: Option<Ticket>, records: Vec<Record>) {
        self.pending.push_back(Pending { ticket, records });
    }

    /// Commits, or fails to commit, the write that waited longest. The ticket to answer, and how.
    pub(crate) fn commit(&mut self, fails: bool) -> Option<(Ticket, bool)> {
        let Pending { ticket, records } = self.pending.pop_front()?;
        let ok = ticket.is_none() || !fails;
        if ok {
            records.iter().for_each(|record| self.facts.apply(record));
        }
        let ticket = ticket?;
        if ok {
            self.written.insert(ticket, records);
        }
        Some((ticket, ok))
    }

    /// The records of a ticket whose answer the home gets now; once.
    pub(crate) fn heard(&mut self, ticket: Ticket) -> Vec<Record> {
        self.written.remove(&ticket).unwrap_or_default()
    }

    /// The power goes: of what waits, the beginning may have made it.
    pub(crate) fn crash(&mut self, rng: &mut Rng) {
        let made_it = rng.index(self.pending.len() + 1);
        for pending in self.pending.drain(..).take(made_it) {
            pending.records.iter().for_each(|record| self.facts.apply(record));
        }
        self.written.clear();
    }

    /// A clean stop commits everything.
    pub(crate) fn close(&mut self) {
        while self.commit(false).is_some() || !self.pending.is_empty() {}
        self.written.clear();
    }
}
