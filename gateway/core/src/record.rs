//! Durable facts: what the store keeps, and what a home is made of again at start.
//!
//! A change of settings is a list of records: first it is written, then the very same list is applied.

use crate::access::{ApiToken, Grant, GuestLink, Member, Session, Tried};
use crate::audit::Entry;
use crate::backup::BackupKey;
use crate::code::CodeHash;
use crate::command::Command;
use crate::contact::Contact;
use crate::device::{Device, SecretHash};
use crate::home::RecoveryCode;
use crate::homeassistant::HomeAssistant;
use crate::identity::LinkedIdentity;
use crate::ids::{
    DeviceId, GrantId, GuestLinkId, HomeId, IdentityId, IntegrationId, InvitationId, MemberId, NoticeId, RoomId,
    SessionId, SwitchId, TokenId,
};
use crate::integration::Integration;
use crate::invitation::Invitation;
use crate::name::Name;
use crate::notice::Notice;
use crate::switch::{Reported, Switch};
use std::sync::Arc;

/// The household.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeRecord {
    /// Its id for good.
    pub id: HomeId,
    /// What it is called.
    pub name: Name,
    /// Its IANA time zone, `Europe/Vienna` say.
    pub time_zone: Arc<str>,
    /// How whoever lives here can be reached.
    pub contact: Option<Contact>,
}

/// A place in the home.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Room {
    /// Its id for good.
    pub id: RoomId,
    /// What it is called.
    pub name: Name,
}

/// One durable fact. The later one for the same key replaces the earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// The household exists.
    Home(Arc<HomeRecord>),
    /// A person exists.
    Member(Arc<Member>),
    /// A person is no more.
    MemberDeleted(MemberId),
    /// A person may do something with a part of the home.
    Grant(Arc<Grant>),
    /// A grant ended.
    GrantDeleted(GrantId),
    /// A link lets guests in.
    GuestLink(Arc<GuestLink>),
    /// A guest link is good no more.
    GuestLinkDeleted(GuestLinkId),
    /// A person signed in.
    Session(Session),
    /// A session ended.
    SessionEnded(SessionId),
    /// A person signs in by an identity, too.
    Identity(Arc<LinkedIdentity>),
    /// An identity is nobody's any more.
    IdentityUnlinked(IdentityId),
    /// An owner has a code on paper to reset their password by. There is one in a home.
    RecoveryCode(RecoveryCode),
    /// That code was used.
    RecoveryCodeUsed,
    /// The key to which backups are encrypted, instead of another.
    BackupKey(BackupKey),
    /// So many wrong tries of signing in.
    WrongTries(Tried, u32),
    /// None that count any more.
    WrongTriesForgotten(Tried),
    /// An API token exists.
    Token(Arc<ApiToken>),
    /// An API token is no more.
    TokenDeleted(TokenId),
    /// A room exists.
    Room(Arc<Room>),
    /// A room is gone.
    RoomDeleted(RoomId),
    /// A board is claimed.
    Device(Arc<Device>),
    /// A device is no more.
    DeviceDeleted(DeviceId),
    /// A switch exists.
    Switch(Arc<Switch>),
    /// A switch is no more.
    SwitchDeleted(SwitchId),
    /// An integration exists, and what it must present at login.
    Integration(Arc<Integration>, SecretHash),
    /// An integration is revoked.
    IntegrationDeleted(IntegrationId),
    /// Someone is invited, and the hash of the code that it takes to accept.
    Invitation(Arc<Invitation>, CodeHash),
    /// An invitation was used up, was taken back or has ended.
    InvitationDeleted(InvitationId),
    /// How Home Assistant is told of the home.
    HomeAssistant(Arc<HomeAssistant>),
    /// What the owner should know, or has dismissed.
    Notice(Arc<Notice>),
    /// A notice is no more.
    NoticeDeleted(NoticeId),
    /// What a board last said of a switch.
    Reported(SwitchId, Reported),
    /// Who did what: a line of the record that is no command.
    Entry(Arc<Entry>),
    /// A command, open or settled.
    Command(Arc<Command>),
}
