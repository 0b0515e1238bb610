//! Records become a home: all of them at start, later one change at a time.

use super::account::NewSessions;
use super::addresses::Postage;
use super::announcing::Announcing;
use super::auditing::Flutter;
use super::backoff::Backoff;
use super::boards::Dropped;
use super::commands::{Commands, SentOrders};
use super::configuring::Configuring;
use super::health::Silence;
use super::invitations::Invitations;
use super::moving::Moving;
use super::nearby::Nearby;
use super::notices::Notices;
use super::onboarding::Onboarding;
use super::people::MAX_CODE_TRIES;
use super::presence::Presence;
use super::reset::ResetCodes;
use super::settings::Queue;
use super::sharing::Sharing;
use super::{DeviceEntry, Effect, Home, SwitchEntry};
use crate::access::Throttle;
use crate::device::Device;
use crate::ids::{DeviceId, IdSource, SwitchId};
use crate::record::Record;
use crate::switch::Switch;
use crate::time::Now;
use crate::view::Change;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Kinds of records in an order in which each comes after those that it refers to.
fn rank(record: &Record) -> u8 {
    match record {
        Record::Home(_) | Record::Member(_) | Record::Room(_) | Record::Integration(..) => 0,
        Record::HomeAssistant(_) | Record::Notice(_) => 0,
        Record::Session(_) | Record::Device(_) | Record::Grant(_) | Record::GuestLink(_) | Record::Token(_) => 1,
        Record::Invitation(..) | Record::Identity(_) => 1,
        Record::SessionEnded(_) | Record::Switch(_) | Record::InvitationDeleted(_) => 2,
        Record::RecoveryCode(_) | Record::BackupKey(_) => 1,
        Record::RecoveryCodeUsed | Record::IdentityUnlinked(_) => 2,
        Record::RoomDeleted(_) | Record::IntegrationDeleted(_) | Record::NoticeDeleted(_) | Record::Reported(..) => 3,
        Record::DeviceDeleted(_) | Record::SwitchDeleted(_) => 3,
        Record::MemberDeleted(_) | Record::GrantDeleted(_) | Record::GuestLinkDeleted(_) | Record::TokenDeleted(_) => 3,
        Record::WrongTries(..) | Record::WrongTriesForgotten(_) => 4,
        Record::Command(_) | Record::Entry(_) => 4,
    }
}

impl Home {
    /// A home as its records tell, at start number `boot` of the daemon, which must lie under
    /// [`crate::ids::MAX_BOOTS`]. Kinds of records may come in any order. Commands that were open when the daemon ended
    /// are settled: the effects say so, and must be carried out like any others. Commands that were settled are
    /// remembered as they are.
    pub fn load(boot: u32, mut records: Vec<Record>, now: Now) -> (Self, Vec<Effect>) {
        let mut home = Self {
            ids: IdSource::new(boot),
            next_ticket: 0,
            household: None,
            claim_code: None,
            throttle: Throttle::new(MAX_CODE_TRIES),
            backoff: Backoff::default(),
            reset_codes: ResetCodes::default(),
            postage: Postage::default(),
            recovery: None,
            backup_key: None,
            new_sessions: NewSessions::default(),
            access: Arc::default(),
            sharing: Sharing::default(),
            rooms: BTreeMap::new(),
            devices: BTreeMap::new(),
            by_board: HashMap::new(),
            switches: BTreeMap::new(),
            integrations: BTreeMap::new(),
            invitations: Invitations::default(),
            notices: Notices::default(),
            onboarding: Onboarding::default(),
            nearby: Nearby::default(),
            silence: Silence::default(),
            commands: Commands::default(),
            configuring: Configuring::default(),
            moving: Moving::default(),
            announcing: Announcing::default(),
            settings: Queue::default(),
            stopping: false,
            dropped: Dropped::default(),
        };
        let (mut effects, mut untold) = (Vec::new(), Vec::new());
        records.sort_by_key(rank);
        for record in records {
            match record {
                Record::Command(command) => home.settle_abandoned(&now, command, &mut effects),
                Record::WrongTries(tried, wrong) => home.resume_backoff(tried, wrong, now.mono),
                Record::WrongTriesForgotten(tried) => home.backoff.forgotten(&tried),
                record => home.apply_record(record, &mut untold),
            }
        }
        home.refresh_access(&now, &mut effects);
        home.await_all(&now);
        (home, effects)
    }

    pub(super) fn apply_access(&mut self, record: Record) {
        let access = Arc::make_mut(&mut self.access);
        match record {
            Record::Member(member) => drop(access.members.insert(member.id, member)),
            Record::MemberDeleted(id) => drop(access.members.remove(&id)),
            Record::Session(session) => access.open(session),
            Record::SessionEnded(session) => access.close(session),
            Record::Grant(grant) => drop(access.grants.insert(grant.id, grant)),
            Record::GrantDeleted(id) => drop(access.grants.remove(&id)),
            Record::GuestLink(link) => drop(access.links.insert(link.id, link)),
            Record::GuestLinkDeleted(id) => drop(access.links.remove(&id)),
            Record::Token(token) => drop(access.tokens.insert(token.id, token)),
            Record::TokenDeleted(id) => drop(access.tokens.remove(&id)),
            Record::Identity(linked) => drop(access.identities.insert(linked.id, linked)),
            Record::IdentityUnlinked(id) => drop(access.identities.remove(&id)),
            _ => debug_assert!(false, "not about people"),
        }
    }

    /// Makes a durable fact true, and tells of it.
    pub(super) fn apply_record(&mut self, record: Record, out: &mut Vec<Effect>) {
        match record {
            Record::Home(home) => {
                self.claim_code = None;
                self.household = Some(home.clone());
                out.push(Effect::Changed(Change::Home(home)));
            }
            Record::RecoveryCode(recovery) => self.recovery = Some(recovery),
            Record::RecoveryCodeUsed => self.recovery = None,
            Record::BackupKey(key) => {
                self.backup_key = Some(key.clone());
                out.push(Effect::Changed(Change::BackupKey(key)));
            }
            record @ (Record::Member(_)
            | Record::MemberDeleted(_)
            | Record::Session(_)
            | Record::SessionEnded(_)
            | Record::Grant(_)
            | Record::GrantDeleted(_)
            | Record::GuestLink(_)
            | Record::GuestLinkDeleted(_)
            | Record::Token(_)
            | Record::TokenDeleted(_)
            | Record::Identity(_)
            | Record::IdentityUnlinked(_)) => {
                match &record {
                    Record::Member(member) => self.end_reset_codes(member),
                    Record::MemberDeleted(member) => self.forget_tries_of(*member),
                    Record::SessionEnded(session) => self.forget_tries_in(*session),
                    _ => {}
                }
                self.apply_access(record);
                out.push(Effect::Changed(Change::Access(self.access.clone())));
            }
            Record::Room(room) => {
                self.rooms.insert(room.id, room.clone());
                out.push(Effect::Changed(Change::Room(room)));
                self.announce_all(out);
            }
            Record::RoomDeleted(room) => {
                self.rooms.remove(&room);
                out.push(Effect::Changed(Change::RoomRemoved(room)));
                self.announce_all(out);
            }
            Record::Device(device) => self.apply_device(device, out),
            Record::Switch(switch) => self.apply_switch(switch, out),
            Record::DeviceDeleted(id) => self.apply_device_deletion(id, out),
            Record::SwitchDeleted(id) => self.apply_switch_deletion(id, out),
            Record::Integration(integration, secret) => self.apply_integration(integration, secret, out),
            Record::IntegrationDeleted(id) => self.apply_integration_deletion(id, out),
            Record::Invitation(invitation, code) => self.apply_invitation(invitation, code, out),
            Record::InvitationDeleted(id) => self.apply_invitation_deletion(id, out),
            Record::HomeAssistant(set) => self.apply_home_assistant(set, out),
            Record::Notice(notice) => self.apply_notice(notice, out),
            Record::NoticeDeleted(id) => self.apply_notice_deletion(id),
            Record::Reported(switch, reported) => {
                if let Some(entry) = self.switches.get_mut(&switch) {
                    entry.reported = Some(reported);
                    self.show_switch(switch, out);
                }
            }
            // Nothing follows from it: it is there to be read.
            Record::Entry(_) => {}
            Record::WrongTries(..) | Record::WrongTriesForgotten(_) => debug_assert!(false, "no settings"),
            Record::Command(_) => debug_assert!(false, "commands are settled, not applied"),
        }
    }

    fn apply_device(&mut self, device: Arc<Device>, out: &mut Vec<Effect>) {
        let id = device.id;
        let known = self.devices.get(&id).map(|entry| entry.device.clone());
        self.by_board.insert(device.board.clone(), id);
        match self.devices.get_mut(&id) {
            Some(entry) => {
                if entry.device.board != device.board {
                    // Nothing that the old board said is true of the new one.
                    entry.presence = Presence::default();
                    self.by_board.remove(&entry.device.board);
                }
                entry.device = device.clone();
                entry.rotation.take_if(|rotation| !rotation.is_of(&device));
            }
            None => {
                let (presence, rotation, switches) = (Presence::default(), None, BTreeMap::new());
                let entry = DeviceEntry { device: device.clone(), presence, rotation, switches };
                self.devices.insert(id, entry);
            }
        }
        self.show_device_and_switches(id, out);
        let credential = |device: &Device| (device.board.clone(), device.secret, device.next);
        if known.is_none_or(|known| credential(&known) != credential(&device)) {
            out.push(Effect::CredentialsChanged);
        }
        self.announce_device(id, out);
    }

    fn apply_device_deletion(&mut self, id: DeviceId, out: &mut Vec<Effect>) {
        let Some(gone) = self.devices.remove(&id) else { return };
        self.by_board.remove(&gone.device.board);
        self.silence.forget(id);
        out.push(Effect::Changed(Change::DeviceRemoved(id)));
        out.push(Effect::CredentialsChanged);
        self.announce_device(id, out);
    }

    fn apply_switch_deletion(&mut self, id: SwitchId, out: &mut Vec<Effect>) {
        let Some(gone) = self.switches.remove(&id) else { return };
        if let Some(device) = self.devices.get_mut(&gone.switch.device) {
            device.switches.remove(&gone.switch.endpoint);
        }
        out.push(Effect::Changed(Change::SwitchRemoved(id)));
        // What its board said while this was on its way to the disk goes too.
        out.push(Effect::Write { ticket: None, records: vec![Record::SwitchDeleted(id)] });
    }

    fn apply_switch(&mut self, switch: Arc<Switch>, out: &mut Vec<Effect>) {
        let (id, device) = (switch.id, switch.device);
        if let Some(device) = self.devices.get_mut(&switch.device) {
            device.switches.insert(switch.endpoint.clone(), id);
        }
        match self.switches.get_mut(&id) {
            Some(entry) => entry.switch = switch,
            None => {
                let entry = SwitchEntry {
                    switch,
                    reported: None,
                    open: None,
                    settled: None,
                    sent: SentOrders::default(),
                    flutter: Flutter::default(),
                    shown: None,
                };
                self.switches.insert(id, entry);
            }
        }
        self.show_switch(id, out);
        self.announce_device(device, out);
    }
}
