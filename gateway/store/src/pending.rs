//! What waits for the next commit.

use crate::inbox::Batch;
use crate::rows;
use gatehouse_core::access::Tried;
use gatehouse_core::ids::Ticket;
use gatehouse_core::record::Record;
use gatehouse_core::retained::RetainedChange;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a record is about: of two with the same key the later one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Home(u64),
    Member(u64),
    Grant(u64),
    GuestLink(u64),
    Token(u64),
    Identity(u64),
    Session(u64),
    Room(u64),
    Device(u64),
    Switch(u64),
    Integration(u64),
    Invitation(u64),
    Setting(u64),
    Notice(u64),
    Reported(u64),
    WrongTries(Tried),
    // These two last, so that the oldest movement and the oldest command are found without looking at the rest: an entry that nobody awaits is a movement.
    Entry(u64),
    Command(u64),
}

impl Key {
    fn of(record: &Record) -> Self {
        match record {
            Record::Home(home) => Self::Home(home.id.raw()),
            Record::Member(member) => Self::Member(member.id.raw()),
            Record::MemberDeleted(member) => Self::Member(member.raw()),
            Record::Grant(grant) => Self::Grant(grant.id.raw()),
            Record::GrantDeleted(grant) => Self::Grant(grant.raw()),
            Record::Token(token) => Self::Token(token.id.raw()),
            Record::TokenDeleted(token) => Self::Token(token.raw()),
            Record::Identity(linked) => Self::Identity(linked.id.raw()),
            Record::IdentityUnlinked(identity) => Self::Identity(identity.raw()),
            Record::GuestLink(link) => Self::GuestLink(link.id.raw()),
            Record::GuestLinkDeleted(link) => Self::GuestLink(link.raw()),
            Record::Session(session) => Self::Session(session.id.raw()),
            Record::SessionEnded(session) => Self::Session(session.raw()),
            Record::Room(room) => Self::Room(room.id.raw()),
            Record::RoomDeleted(room) => Self::Room(room.raw()),
            Record::Device(device) => Self::Device(device.id.raw()),
            Record::DeviceDeleted(device) => Self::Device(device.raw()),
            Record::Switch(switch) => Self::Switch(switch.id.raw()),
            Record::SwitchDeleted(switch) => Self::Switch(switch.raw()),
            Record::Integration(integration, _) => Self::Integration(integration.id.raw()),
            Record::IntegrationDeleted(integration) => Self::Integration(integration.raw()),
            Record::Invitation(invitation, _) => Self::Invitation(invitation.id.raw()),
            Record::InvitationDeleted(invitation) => Self::Invitation(invitation.raw()),
            Record::RecoveryCode(_) | Record::RecoveryCodeUsed => Self::Setting(rows::RECOVERY_CODE),
            Record::BackupKey(_) => Self::Setting(rows::BACKUP_KEY),
            Record::HomeAssistant(_) => Self::Setting(rows::HOME_ASSISTANT),
            Record::Notice(notice) => Self::Notice(notice.id.raw()),
            Record::NoticeDeleted(notice) => Self::Notice(notice.raw()),
            Record::WrongTries(tried, _) | Record::WrongTriesForgotten(tried) => Self::WrongTries(*tried),
            Record::Reported(switch, _) => Self::Reported(switch.raw()),
            Record::Entry(entry) => Self::Entry(entry.id.raw()),
            Record::Command(command) => Self::Command(command.id.raw()),
        }
    }
}

/// Batches in the order they came. Those with a ticket stay whole: they are given up together when the commit
/// fails. Of the others only the last record of each key is kept.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    came: u64,
    awaited: Vec<(u64, Ticket, Vec<Record>)>,
    loose: BTreeMap<Key, (u64, Record)>,
    retained: BTreeMap<Arc<str>, RetainedChange>,
}

impl Pending {
    pub(crate) fn add(&mut self, batch: Batch) {
        self.came += 1;
        match batch.ticket {
            Some(ticket) => self.awaited.push((self.came, ticket, batch.records)),
            None => {
                for record in batch.records {
                    self.loose.insert(Key::of(&record), (self.came, record));
                }
            }
        }
    }

    pub(crate) fn add_retained(&mut self, changes: Vec<RetainedChange>) {
        self.retained.extend(changes.into_iter().map(|change| (change.topic().clone(), change)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.awaited.is_empty() && self.loose() == 0
    }

    pub(crate) fn has_tickets(&self) -> bool {
        !self.awaited.is_empty()
    }

    /// Records without a ticket, and retained messages.
    pub(crate) fn loose(&self) -> usize {
        self.loose.len() + self.retained.len()
    }

    /// Everything that waits; of two records for one key the later comes later.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        let loose = self.loose.values().map(|(came, record)| (*came, record));
        let awaited = self.awaited.iter().flat_map(|(came, _, records)| records.iter().map(|r| (*came, r)));
        let mut all: Vec<_> = awaited.chain(loose).collect();
        // Stable, so that the records of one batch stay in order.
        all.sort_by_key(|(came, _)| *came);
        all.into_iter().map(|(_, record)| record)
    }

    /// Changes of retained messages, one a topic.
    pub(crate) fn retained(&self) -> impl Iterator<Item = &RetainedChange> {
        self.retained.values()
    }

    /// All of it is on disk: the tickets to answer.
    pub(crate) fn written(&mut self) -> Vec<Ticket> {
        self.loose.clear();
        self.retained.clear();
        self.take_tickets()
    }

    /// It could not be written: the tickets to answer. The rest is kept for the next try, up to `kept` records;
    /// retained messages go first, which integrations say again, then the oldest movements and commands, for a switch's state is worth
    /// more. Second: how many went.
    pub(crate) fn failed(&mut self, kept: usize) -> (Vec<Ticket>, usize) {
        let surplus = self.loose().saturating_sub(kept);
        for _ in 0..surplus {
            if self.retained.pop_first().is_some() {
                continue;
            }
            let oldest = self.loose.range(Key::Entry(0)..).next().map(|(key, _)| *key);
            match oldest {
                Some(key) => self.loose.remove(&key).map(drop),
                None => self.loose.pop_first().map(drop),
            };
        }
        (self.take_tickets(), surplus)
    }

    fn take_tickets(&mut self) -> Vec<Ticket> {
        self.awaited.drain(..).map(|(_, ticket, _)| ticket).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::ids::{RoomId, SwitchId};
    use gatehouse_core::name::Name;
    use gatehouse_core::record::Room;
    use gatehouse_core::switch::Reported;

    fn room(id: u64, name: &str) -> Record {
        Record::Room(Arc::new(Room { id: RoomId::from_raw(id), name: Name::new(name).unwrap() }))
    }

    fn reported(id: u64, on: bool) -> Record {
        Record::Reported(SwitchId::from_raw(id), Reported { on, at: None, change: None })
    }

    fn batch(ticket: Option<u64>, records: Vec<Record>) -> Batch {
        Batch { ticket: ticket.map(Ticket), records }
    }

    #[test]
    fn of_records_without_a_ticket_the_last_of_each_key_is_kept() {
        let mut pending = Pending::default();
        for on in [true, false, true] {
            pending.add(batch(None, vec![reported(1, on), reported(2, !on)]));
        }
        assert_eq!(pending.loose(), 2);
        let all: Vec<_> = pending.records().cloned().collect();
        assert_eq!(all, [reported(1, true), reported(2, false)]);
    }

    #[test]
    fn the_order_of_a_key_holds_across_batches_with_and_without_ticket() {
        let mut pending = Pending::default();
        pending.add(batch(None, vec![room(1, "a")]));
        pending.add(batch(Some(1), vec![room(1, "b"), room(1, "c")]));
        pending.add(batch(None, vec![room(1, "d")]));
        pending.add(batch(Some(2), vec![room(1, "e")]));
        let names: Vec<_> = pending.records().cloned().collect();
        assert_eq!(names, [room(1, "b"), room(1, "c"), room(1, "d"), room(1, "e")]);

        assert_eq!(pending.failed(9), (vec![Ticket(1), Ticket(2)], 0));
        assert_eq!(pending.records().cloned().collect::<Vec<_>>(), [room(1, "d")]);
    }

    #[test]
    fn what_is_kept_for_another_try_is_bounded_and_commands_go_first() {
        use gatehouse_core::command::{Actor, ActorKind, Command, Outcome};
        use gatehouse_core::ids::CommandId;
        let command = |id| {
            Record::Command(Arc::new(Command {
                id: CommandId::from_raw(id),
                switch: SwitchId::from_raw(1),
                on: true,
                actor: Actor::of_kind(ActorKind::Console),
                outcome: Outcome::Open,
                confirmed_by: None,
                reason: None,
                requested_at: None,
                settled_at: None,
                latency: None,
                order: None,
            }))
        };
        let mut pending = Pending::default();
        pending.add(batch(None, vec![command(3), command(1), reported(1, true), command(2), reported(2, true)]));
        assert_eq!(pending.failed(3), (vec![], 2));
        let left: Vec<_> = pending.records().cloned().collect();
        assert_eq!(left.len(), 3);
        assert!(left.contains(&command(3)) && left.contains(&reported(1, true)) && left.contains(&reported(2, true)));
        assert_eq!(pending.failed(1), (vec![], 2));
        assert_eq!(pending.records().cloned().collect::<Vec<_>>(), [reported(2, true)]);
    }

    #[test]
    fn of_a_topic_the_last_change_is_kept_and_all_go_first_when_too_much_waits() {
        let deleted = |topic: &str| RetainedChange::Deleted(topic.into());
        let mut pending = Pending::default();
        assert!(pending.is_empty());
        pending.add_retained(vec![deleted("a"), deleted("b"), deleted("a")]);
        pending.add(batch(None, vec![reported(1, true)]));
        assert_eq!(pending.retained().cloned().collect::<Vec<_>>(), [deleted("a"), deleted("b")]);
        assert_eq!(pending.failed(2), (vec![], 1));
        assert_eq!(pending.retained().cloned().collect::<Vec<_>>(), [deleted("b")]);
        assert_eq!(pending.failed(1), (vec![], 1));
        assert_eq!((pending.loose(), pending.retained().count()), (1, 0));
        pending.add_retained(vec![deleted("c")]);
        pending.written();
        assert!(pending.is_empty());
    }
}
