//! What can be changed in a home's settings.

use super::{
    AccountChange, Claim, Edit, FinishedClaim, HomeEdit, MemberEdit, NewCredential, Registration, Released, Reset,
};
use crate::access::{Administer, Client, HoldTokens, NewToken, Share, Terms, TokenHash};
use crate::backup::BackupKey;
use crate::code::CodeHash;
use crate::device::SecretHash;
use crate::homeassistant::{Form, Prefix};
use crate::identity::Identity;
use crate::ids::{
    DeviceId, GrantId, GuestLinkId, IntegrationId, InvitationId, MemberId, NoticeId, RoomId, SessionId, SwitchId,
    TokenId,
};
use crate::integration::NewIntegration;
use crate::invitation::{Acceptance, NewInvitation};
use crate::name::{Endpoint, Name};
use crate::onboarding::Hardware;
use std::net::IpAddr;
use std::sync::Arc;

/// A change of settings.
#[derive(Clone, Debug)]
pub enum Setting {
    /// The first owner. Answered with [`super::Answer::Viewer`].
    Claim(Claim),
    /// A sign-in whose password was right. Answered with [`super::Answer::Viewer`].
    OpenSession {
        /// Whose.
        member: MemberId,
        /// The hash of its token.
        token: TokenHash,
        /// What it is opened with.
        client: Client,
        /// The hash of the password that was right, if it was by one: when it is another by now, nothing is opened.
        was: Option<Arc<str>>,
    },
    /// A sign-in for which a provider vouched. Answered with [`super::Answer::Viewer`].
    SignInByIdentity {
        /// Who they are to the provider.
        identity: Identity,
        /// The hash of the new session's token.
        token: TokenHash,
        /// What it is opened with.
        client: Client,
    },
    /// Sign out. Answered with [`super::Answer::Done`].
    CloseSession(SessionId),
    /// Somebody's session ends. Answered with [`super::Answer::Done`].
    EndSession(Administer, SessionId),
    /// Something about one's own account, from where one is signed in. Answered with [`super::Answer::Done`], or with [`super::Answer::Viewer`] when it says how.
    Account(SessionId, AccountChange),
    /// Another name or role of a person. Answered with [`super::Answer::Member`].
    UpdateMember(Administer, MemberId, MemberEdit),
    /// A person less, with their sessions and all that was given to them or rests on them. Answered with
    /// [`super::Answer::Done`].
    DeleteMember(Administer, MemberId),
    /// A person may do something with a part of the home. Answered with [`super::Answer::Grant`].
    CreateGrant(Share, MemberId, Terms),
    /// A grant ends. Answered with [`super::Answer::Done`].
    DeleteGrant(Share, GrantId),
    /// A link lets guests in. Answered with [`super::Answer::GuestLink`].
    CreateGuestLink(Share, Name, TokenHash, Terms),
    /// A guest link is good no more, and whoever came by it is out. Answered with [`super::Answer::Done`].
    DeleteGuestLink(Share, GuestLinkId),
    /// A program gets an API token. Answered with [`super::Answer::Token`].
    CreateToken(HoldTokens, NewToken),
    /// An API token is good no more. Answered with [`super::Answer::Done`].
    DeleteToken(HoldTokens, TokenId),
    /// Someone is invited. Answered with [`super::Answer::Invitation`].
    CreateInvitation(Share, NewInvitation),
    /// An invitation is taken back. Answered with [`super::Answer::Done`].
    DeleteInvitation(Share, InvitationId),
    /// Someone who was invited comes. Answered with [`super::Answer::Viewer`].
    AcceptInvitation(Acceptance),
    /// Someone proves by the code that was mailed to them that an address is theirs. None is one that cannot be a code.
    /// Answered with [`super::Answer::Done`].
    ConfirmEmail(Option<CodeHash>, IpAddr),
    /// A forgotten password is replaced, by a one-time code. Answered with [`super::Answer::Viewer`].
    ResetPassword(Reset),
    /// Another recovery code for an owner; the one before is good no more. Answered with [`super::Answer::Done`].
    CreateRecoveryCode(Administer, MemberId, CodeHash),
    /// Another name, time zone or contact of the household. Answered with [`super::Answer::Home`].
    UpdateHome(Administer, HomeEdit),
    /// A new room. Answered with [`super::Answer::Room`].
    CreateRoom(Administer, Name),
    /// A room's other name. Answered with [`super::Answer::Room`].
    RenameRoom(Administer, RoomId, Name),
    /// A room less; what was in it is in no room then. Answered with [`super::Answer::Done`].
    DeleteRoom(Administer, RoomId),
    /// Another name or room of a device. Answered with [`super::Answer::Device`].
    UpdateDevice(Administer, DeviceId, Edit),
    /// A device less, with its switches: its board can log in no more. Answered with [`super::Answer::Done`].
    DeleteDevice(Administer, DeviceId),
    /// Another name or room of a switch; no room means its device's. Answered with [`super::Answer::Switch`].
    UpdateSwitch(Administer, SwitchId, Edit),
    /// A board claimed by hand; the same once more changes nothing. Answered with [`super::Answer::Device`].
    RegisterBoard(Administer, Registration),
    /// A board that was claimed at a port has logged in. The claim says what became of it.
    FinishClaim(Administer, FinishedClaim),
    /// A device's board is other hardware than is known, or at another port: told by the board itself, at that port.
    NoteHardware(DeviceId, Arc<Hardware>),
    /// A device's board is the one on record, or the first to come, and tells more or other than is on record.
    NoteTold(DeviceId),
    /// The board that is quarantined is the device's from now on. Answered with [`super::Answer::Device`].
    ReleaseDevice(Administer, DeviceId, Released),
    /// Whether a device is behind a repeater, so that its packets come from another MAC address. Answered with
    /// [`super::Answer::Device`].
    SetBehindRepeater(Administer, DeviceId, bool),
    /// Another secret for a board that is there. Answered with [`super::Answer::Device`], once the board can log in with it.
    RotateCredential(Administer, DeviceId, NewCredential),
    /// A board logged in with its new secret: the old one is good no more.
    EndRotation(DeviceId, SecretHash),
    /// Another home system that may log in at the edge. Answered with [`super::Answer::Integration`].
    CreateIntegration(Administer, NewIntegration),
    /// Its credential is good no more, and its connections end. Answered with [`super::Answer::Done`].
    DeleteIntegration(Administer, IntegrationId),
    /// Another form or place of what Home Assistant is told; what is none stays. Answered with
    /// [`super::Answer::HomeAssistant`].
    UpdateHomeAssistant(Administer, Option<Form>, Option<Prefix>),
    /// Backups are encrypted to another recovery key from now on. Answered with [`super::Answer::Done`].
    CreateBackupKey(Administer, BackupKey),
    /// A notice is put away until it happens anew. Answered with [`super::Answer::Done`].
    DismissNotice(Administer, NoticeId),
    /// The gateway's own header has these relays. Answered with [`super::Answer::Device`].
    AdoptHeader(Vec<Endpoint>),
    /// A board described relays that have no switch yet.
    AdoptRelays(DeviceId, Vec<Endpoint>),
}
