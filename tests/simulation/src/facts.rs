//! What a set of records amounts to: the later one for the same key replaces the earlier.

use gatehouse_core::access::{ApiToken, Grant, GuestLink, Member, Session, Tried};
use gatehouse_core::audit::Entry;
use gatehouse_core::backup::BackupKey;
use gatehouse_core::code::CodeHash;
use gatehouse_core::command::{Command, Outcome};
use gatehouse_core::device::{Device, SecretHash};
use gatehouse_core::home::RecoveryCode;
use gatehouse_core::homeassistant::HomeAssistant;
use gatehouse_core::identity::LinkedIdentity;
use gatehouse_core::ids::{
    CommandId, DeviceId, EntryId, GrantId, GuestLinkId, IdentityId, IntegrationId, InvitationId, MemberId, NoticeId,
    RoomId, SessionId, SwitchId, TokenId,
};
use gatehouse_core::integration::Integration;
use gatehouse_core::invitation::Invitation;
use gatehouse_core::notice::Notice;
use gatehouse_core::record::{HomeRecord, Record, Room};
use gatehouse_core::switch::{Reported, Switch};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    pub(crate) home: Option<Arc<HomeRecord>>,
    pub(crate) members: BTreeMap<MemberId, Arc<Member>>,
    pub(crate) sessions: BTreeMap<SessionId, Session>,
    pub(crate) grants: BTreeMap<GrantId, Arc<Grant>>,
    pub(crate) links: BTreeMap<GuestLinkId, Arc<GuestLink>>,
    pub(crate) tokens: BTreeMap<TokenId, Arc<ApiToken>>,
    pub(crate) identities: BTreeMap<IdentityId, Arc<LinkedIdentity>>,
    pub(crate) recovery_code: Option<RecoveryCode>,
    pub(crate) backup_key: Option<BackupKey>,
    pub(crate) rooms: BTreeMap<RoomId, Arc<Room>>,
    pub(crate) devices: BTreeMap<DeviceId, Arc<Device>>,
    pub(crate) switches: BTreeMap<SwitchId, Arc<Switch>>,
    pub(crate) integrations: BTreeMap<IntegrationId, (Arc<Integration>, SecretHash)>,
    pub(crate) invitations: BTreeMap<InvitationId, (Arc<Invitation>, CodeHash)>,
    pub(crate) home_assistant: Option<Arc<HomeAssistant>>,
    pub(crate) wrong_tries: BTreeMap<Tried, u32>,
    pub(crate) notices: BTreeMap<NoticeId, Arc<Notice>>,
    pub(crate) reported: BTreeMap<SwitchId, Reported>,
    pub(crate) commands: BTreeMap<CommandId, Arc<Command>>,
    /// Lines of the record, but for commands.
    pub(crate) entries: BTreeMap<EntryId, Arc<Entry>>,
}

impl Facts {
    pub(crate) fn apply(&mut self, record: &Record) {
        match record {
            Record::Home(home) => self.home = Some(home.clone()),
            Record::Member(member) => drop(self.members.insert(member.id, member.clone())),
            Record::MemberDeleted(id) => drop(self.members.remove(id)),
            Record::Grant(grant) => drop(self.grants.insert(grant.id, grant.clone())),
            Record::GrantDeleted(id) => drop(self.grants.remove(id)),
            Record::GuestLink(link) => drop(self.links.insert(link.id, link.clone())),
            Record::GuestLinkDeleted(id) => drop(self.links.remove(id)),
            Record::Identity(linked) => drop(self.identities.insert(linked.id, linked.clone())),
            Record::IdentityUnlinked(id) => drop(self.identities.remove(id)),
            Record::Token(token) => drop(self.tokens.insert(token.id, token.clone())),
            Record::TokenDeleted(id) => drop(self.tokens.remove(id)),
            Record::Session(session) => drop(self.sessions.insert(session.id, session.clone())),
            Record::SessionEnded(id) => drop(self.sessions.remove(id)),
            Record::Room(room) => drop(self.rooms.insert(room.id, room.clone())),
            Record::RoomDeleted(id) => drop(self.rooms.remove(id)),
            Record::DeviceDeleted(id) => drop(self.devices.remove(id)),
            Record::SwitchDeleted(id) => {
                self.switches.remove(id);
                self.reported.remove(id);
            }
            Record::Device(device) => drop(self.devices.insert(device.id, device.clone())),
            Record::Switch(switch) => drop(self.switches.insert(switch.id, switch.clone())),
            Record::Integration(new, secret) => drop(self.integrations.insert(new.id, (new.clone(), *secret))),
            Record::IntegrationDeleted(id) => drop(self.integrations.remove(id)),
            Record::Invitation(new, code) => drop(self.invitations.insert(new.id, (new.clone(), *code))),
            Record::InvitationDeleted(id) => drop(self.invitations.remove(id)),
            Record::HomeAssistant(set) => self.home_assistant = Some(set.clone()),
            Record::Notice(notice) => drop(self.notices.insert(notice.id, notice.clone())),
            Record::NoticeDeleted(id) => drop(self.notices.remove(id)),
            Record::Reported(id, reported) => drop(self.reported.insert(*id, reported.clone())),
            Record::WrongTries(tried, wrong) => drop(self.wrong_tries.insert(*tried, *wrong)),
            Record::WrongTriesForgotten(tried) => drop(self.wrong_tries.remove(tried)),
            Record::RecoveryCode(code) => self.recovery_code = Some(*code),
            Record::RecoveryCodeUsed => self.recovery_code = None,
            Record::BackupKey(key) => self.backup_key = Some(key.clone()),
            Record::Entry(entry) => drop(self.entries.insert(entry.id, entry.clone())),
            Record::Command(command) => drop(self.commands.insert(command.id, command.clone())),
        }
    }

    pub(crate) fn open_commands(&self) -> impl Iterator<Item = &Arc<Command>> {
        self.commands.values().filter(|command| command.outcome == Outcome::Open)
    }

    /// The last command of each switch that settled.
    pub(crate) fn last_settled(&self) -> BTreeMap<SwitchId, Arc<Command>> {
        let settled = self.commands.values().filter(|command| command.outcome != Outcome::Open);
        settled.map(|command| (command.switch, command.clone())).collect()
    }

    /// What a store hands to `Home::load`: everything but the record; of commands those that are open, and the last of each
    /// switch.
    pub(crate) fn records(&self) -> Vec<Record> {
        let mut all: Vec<_> = self.home.iter().cloned().map(Record::Home).collect();
        all.extend(self.members.values().cloned().map(Record::Member));
        all.extend(self.sessions.values().cloned().map(Record::Session));
        all.extend(self.grants.values().cloned().map(Record::Grant));
        all.extend(self.links.values().cloned().map(Record::GuestLink));
        all.extend(self.tokens.values().cloned().map(Record::Token));
        all.extend(self.identities.values().cloned().map(Record::Identity));
        all.extend(self.recovery_code.map(Record::RecoveryCode));
        all.extend(self.backup_key.iter().cloned().map(Record::BackupKey));
        all.extend(self.wrong_tries.iter().map(|(tried, wrong)| Record::WrongTries(*tried, *wrong)));
        all.extend(self.rooms.values().cloned().map(Record::Room));
        all.extend(self.devices.values().cloned().map(Record::Device));
        all.extend(self.switches.values().cloned().map(Record::Switch));
        all.extend(self.integrations.values().map(|(new, secret)| Record::Integration(new.clone(), *secret)));
        all.extend(self.invitations.values().map(|(new, code)| Record::Invitation(new.clone(), *code)));
        all.extend(self.home_assistant.iter().cloned().map(Record::HomeAssistant));
        all.extend(self.notices.values().cloned().map(Record::Notice));
        all.extend(self.reported.iter().map(|(id, reported)| Record::Reported(*id, reported.clone())));
        all.extend(self.open_commands().cloned().map(Record::Command));
        all.extend(self.last_settled().into_values().map(Record::Command));
        all
    }

    /// The number behind the id of what a record ends for good.
    pub(crate) fn ended_by(record: &Record) -> Option<u64> {
        match record {
            Record::MemberDeleted(id) => Some(id.raw()),
            Record::SessionEnded(id) => Some(id.raw()),
            Record::GrantDeleted(id) => Some(id.raw()),
            Record::GuestLinkDeleted(id) => Some(id.raw()),
            Record::TokenDeleted(id) => Some(id.raw()),
            Record::IdentityUnlinked(id) => Some(id.raw()),
            Record::DeviceDeleted(id) => Some(id.raw()),
            Record::InvitationDeleted(id) => Some(id.raw()),
            Record::RoomDeleted(id) => Some(id.raw()),
            Record::IntegrationDeleted(id) => Some(id.raw()),
            _ => None,
        }
    }

    /// The number behind the id of everything that can end.
    pub(crate) fn there(&self) -> impl Iterator<Item = u64> {
        let people = self.members.keys().map(|id| id.raw()).chain(self.sessions.keys().map(|id| id.raw()));
        let given = self.grants.keys().map(|id| id.raw()).chain(self.links.keys().map(|id| id.raw()));
        let given = given.chain(self.tokens.keys().map(|id| id.raw())).chain(self.identities.keys().map(|id| id.raw()));
        let others = self.invitations.keys().map(|id| id.raw()).chain(self.rooms.keys().map(|id| id.raw()));
        let others = others.chain(self.devices.keys().map(|id| id.raw()));
        people.chain(given).chain(others).chain(self.integrations.keys().map(|id| id.raw()))
    }
}
