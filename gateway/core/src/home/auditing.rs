//! Every change of settings has a line in the record, on disk together with it: no change without its line, and no line
//! without its change.

use super::setting::Setting;
use super::{AccountChange, Edit, Home, Released};
use crate::access::{Level, Member, Role, Target, Terms};
use crate::audit::{Entry, Kind, on_or_off};
use crate::command::{Actor, ActorKind};
use crate::homeassistant::Form;
use crate::identity::{Identity, Proof};
use crate::ids::{EntryId, MemberId, SwitchId};
use crate::invitation::Invitation;
use crate::name::{BoardId, Name};
use crate::record::Record;
use crate::time::{Mono, Now};
use std::sync::Arc;
use std::time::Duration;

/// Movements of one switch that get lines of their own, however fast they come.
const BURST: u32 = 60;
/// How long until it may have one more.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps a relay that flutters from filling the record, and the disk's queue with it: no hand is that fast.
#[derive(Debug, Default)]
pub(super) struct Flutter {
    used: u32,
    since: Mono,
    unlisted: u64,
}

impl Flutter {
    /// How many movements before this one got no line; none when it gets none either.
    fn line(&mut self, now: Mono) -> Option<u64> {
        let regained = u32::try_from(now.since(self.since).as_micros() / EVERY.as_micros()).unwrap_or(u32::MAX);
        if regained > 0 {
            (self.used, self.since) = (self.used.saturating_sub(regained), now);
        }
        if self.used == BURST {
            self.unlisted += 1;
            return None;
        }
        self.used += 1;
        Some(std::mem::take(&mut self.unlisted))
    }
}

fn by_provider(identity: &Identity) -> String {
    format!("by their account at {}", identity.provider())
}

/// Who is invited. Where it was mailed the record does not keep: it would outlive whoever never came.
const INVITED: &str = "someone";

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Owner => "an owner",
        Role::Member => "a member",
        Role::Guest => "a guest",
    }
}

/// What goes into the record of a change, but for when.
pub(super) struct Deed {
    actor: Actor,
    kind: Kind,
    subject: Arc<str>,
    text: String,
    switch: Option<SwitchId>,
    on: Option<bool>,
}

impl Deed {
    pub(super) fn new(actor: &Actor, kind: Kind, subject: impl ToString) -> Self {
        let subject = subject.to_string().into();
        Self { actor: actor.clone(), kind, subject, text: String::new(), switch: None, on: None }
    }

    pub(super) fn saying(self, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..self }
    }
}

impl Home {
    /// The line for a change, as people and things are called before it. None for what leads to nothing, and for the end of a
    /// rotation: its beginning is what somebody did. No secret, hash or code may be in it.
    pub(super) fn deed(&self, now: &Now, setting: &Setting) -> Option<Deed> {
        Some(match setting {
            Setting::Claim(claim) => Deed::new(&Actor::member(&claim.member_name), Kind::HomeClaimed, &claim.home_name),
            Setting::OpenSession { member, .. } => {
                let actor = self.access.actor_of(*member)?;
                Deed::new(&actor, Kind::SignedIn, &actor.name)
            }
            Setting::SignInByIdentity { identity, .. } => {
                let actor = self.access.actor_of(self.access.by_identity(identity)?)?;
                Deed::new(&actor, Kind::SignedIn, &actor.name).saying(by_provider(identity))
            }
            Setting::CloseSession(id) => {
                let actor = self.access.actor_in(*id)?;
                Deed::new(&actor, Kind::SignedOut, &actor.name)
            }
            Setting::EndSession(cap, id) => {
                let whose = self.access.name_of(self.access.session(*id)?.member)?;
                Deed::new(cap.actor(), Kind::SessionsEnded, whose).saying("one".to_owned())
            }
            Setting::Account(_, change) => self.account_deed(change)?,
            Setting::UpdateMember(cap, id, edit) => {
                let name = edit.name.as_ref().map(|name| format!("now called {name}"));
                let role = edit.role.map(|role| format!("now {}", role_word(role)));
                let text = name.into_iter().chain(role).collect::<Vec<_>>().join(", ");
                Deed::new(cap.actor(), Kind::MemberUpdated, self.access.name_of(*id)?).saying(text)
            }
            Setting::DeleteMember(cap, id) => Deed::new(cap.actor(), Kind::MemberDeleted, self.access.name_of(*id)?),
            Setting::CreateGrant(cap, to, terms) => {
                let (actor, text) = (&cap.giver().actor, self.terms_in_words(terms));
                Deed::new(actor, Kind::GrantCreated, self.access.name_of(*to)?).saying(text)
            }
            Setting::DeleteGrant(cap, id) => {
                let grant = self.access.grants.get(id)?;
                let (actor, text) = (&cap.giver().actor, self.terms_in_words(&grant.terms));
                Deed::new(actor, Kind::GrantDeleted, self.access.name_of(grant.to)?).saying(text)
            }
            Setting::CreateGuestLink(cap, name, _, terms) => {
                let (actor, text) = (&cap.giver().actor, self.terms_in_words(terms));
                Deed::new(actor, Kind::GuestLinkCreated, name).saying(text)
            }
            Setting::CreateToken(cap, new) => {
                let scopes: Vec<_> = new.scopes.iter().map(|scope| format!("{scope:?}").to_lowercase()).collect();
                let whose = self.access.name_of(cap.member())?;
                let text = format!("for {whose}: {}", scopes.join(", "));
                Deed::new(cap.actor(), Kind::TokenCreated, &new.name).saying(text)
            }
            Setting::DeleteToken(cap, id) => {
                let token = self.access.token(*id).filter(|token| cap.sees(token.member))?;
                Deed::new(cap.actor(), Kind::TokenDeleted, &token.name)
            }
            Setting::DeleteGuestLink(cap, id) => {
                let link = self.access.links.get(id)?;
                Deed::new(&cap.giver().actor, Kind::GuestLinkDeleted, &link.name)
            }
            Setting::CreateInvitation(cap, new) => {
                let several = if new.uses > 1 { format!(", up to {} people", new.uses) } else { String::new() };
                let mail = if new.email.is_some() { ", by mail" } else { "" };
                let text = format!("as {}{several}{mail}", role_word(new.role));
                Deed::new(&cap.giver().actor, Kind::InvitationCreated, INVITED).saying(text)
            }
            Setting::DeleteInvitation(cap, id) => {
                self.invitation_deed(&cap.giver().actor, Kind::InvitationDeleted, &*self.invitation(*id).ok()?)
            }
            Setting::ConfirmEmail(code, _) => {
                let actor = self.waits_for(now, code.as_ref()?)?.actor();
                Deed::new(&actor, Kind::MemberUpdated, &actor.name).saying("confirmed their e-mail address")
            }
            Setting::ResetPassword(reset) => {
                let (member, how) = self.reset_is_of(&reset.code)?;
                let actor = self.access.actor_of(member)?;
                Deed::new(&actor, Kind::PasswordChanged, &actor.name).saying(self.password_in_words(Some(how), member))
            }
            Setting::CreateRecoveryCode(cap, member, _) => {
                Deed::new(cap.actor(), Kind::RecoveryCodeCreated, self.access.name_of(*member)?)
            }
            Setting::UpdateHome(cap, edit) => {
                let text = Self::home_edit_in_words(edit);
                Deed::new(cap.actor(), Kind::HomeUpdated, &self.household.as_ref()?.name).saying(text)
            }
            Setting::AcceptInvitation(new) => {
                let invitation = self.invitation_of(&new.code)?;
                let came = if invitation.role == Role::Guest { ActorKind::Guest } else { ActorKind::Member };
                let actor = Actor { kind: came, name: new.name.as_str().into() };
                let by = match &new.proof {
                    Proof::Password(_) => String::new(),
                    Proof::Identity(identity) => format!(", {}", by_provider(identity)),
                };
                Deed::new(&actor, Kind::MemberJoined, &new.name).saying(self.invited_by(&invitation) + &by)
            }
            Setting::CreateRoom(cap, name) => Deed::new(cap.actor(), Kind::RoomCreated, name),
            Setting::RenameRoom(cap, id, name) => Deed::new(cap.actor(), Kind::RoomUpdated, &self.rooms.get(id)?.name)
                .saying(format!("now called {name}")),
            Setting::DeleteRoom(cap, id) => Deed::new(cap.actor(), Kind::RoomDeleted, &self.rooms.get(id)?.name),
            Setting::UpdateDevice(cap, id, edit) => {
                let device = &self.devices.get(id)?.device;
                Deed::new(cap.actor(), Kind::DeviceUpdated, &device.name).saying(self.edited(edit))
            }
            Setting::DeleteDevice(cap, id) => {
                let device = &self.devices.get(id)?.device;
                Deed::new(cap.actor(), Kind::DeviceDeleted, &device.name).saying(format!("board {}", device.board))
            }
            Setting::UpdateSwitch(cap, id, edit) => {
                let switch = &self.switches.get(id)?.switch;
                let deed = Deed::new(cap.actor(), Kind::SwitchUpdated, &switch.name).saying(self.edited(edit));
                Deed { switch: Some(*id), ..deed }
            }
            Setting::RegisterBoard(cap, new) => {
                let called = new.name.as_ref().map_or(new.board.as_str(), |name| name.as_str());
                Deed::new(cap.actor(), Kind::DeviceClaimed, called).saying(format!("board {}", new.board))
            }
            Setting::FinishClaim(cap, finished) => {
                let new = &finished.registration;
                if let Some(old) = &finished.replaces {
                    let text = format!("board {} in place of {}, over USB", new.board, old.board);
                    let name = &self.devices.get(&old.device)?.device.name;
                    return Some(Deed::new(cap.actor(), Kind::DeviceReplaced, name).saying(text));
                }
                let known = self.devices.get(&finished.device).map(|entry| entry.device.name.as_str());
                let called = new.name.as_ref().map(Name::as_str).or(known).unwrap_or(new.board.as_str());
                Deed::new(cap.actor(), Kind::DeviceClaimed, called).saying(format!("board {}, over USB", new.board))
            }
            Setting::RotateCredential(cap, id, _) => {
                Deed::new(cap.actor(), Kind::CredentialRotated, &self.devices.get(id)?.device.name)
            }
            Setting::ReleaseDevice(cap, id, released) => {
                let Released { chip, mac } = released;
                Deed::new(cap.actor(), Kind::DeviceReleased, &self.devices.get(id)?.device.name)
                    .saying(format!("its board is chip {chip}, MAC {mac} now"))
            }
            Setting::SetBehindRepeater(cap, id, behind) => {
                let text = if *behind { "behind a repeater" } else { "not behind a repeater any more" };
                Deed::new(cap.actor(), Kind::DeviceUpdated, &self.devices.get(id)?.device.name).saying(text.to_owned())
            }
            Setting::EndRotation(..) | Setting::NoteHardware(..) | Setting::NoteTold(_) => return None,
            Setting::CreateIntegration(cap, new) => Deed::new(cap.actor(), Kind::IntegrationCreated, &new.name),
            Setting::DeleteIntegration(cap, id) => {
                Deed::new(cap.actor(), Kind::IntegrationDeleted, &self.integrations.get(id)?.integration.name)
            }
            Setting::CreateBackupKey(cap, _) => Deed::new(cap.actor(), Kind::BackupKeyCreated, "backups"),
            Setting::UpdateHomeAssistant(cap, form, prefix) => {
                let form = form.map(|form| match form {
                    Form::Device => "one message a device",
                    Form::Component => "one message a switch",
                    Form::Off => "not told any more",
                });
                let prefix = prefix.as_ref().map(|prefix| format!("under {prefix}"));
                let text: Vec<_> = form.map(str::to_owned).into_iter().chain(prefix).collect();
                Deed::new(cap.actor(), Kind::HomeAssistantUpdated, "Home Assistant").saying(text.join(", "))
            }
            Setting::DismissNotice(cap, id) => {
                Deed::new(cap.actor(), Kind::NoticeDismissed, self.notice_kind(*id)?.code())
            }
            Setting::AdoptHeader(_) => {
                let known = self.by_board.get(&BoardId::header()).and_then(|id| self.devices.get(id));
                let kind = if known.is_some() { Kind::SwitchCreated } else { Kind::DeviceClaimed };
                let name = known.map(|entry| &entry.device.name).or(self.household.as_ref().map(|home| &home.name))?;
                // Whoever wrote the configuration started the gateway with it.
                Deed::new(&Actor::of_kind(ActorKind::Console), kind, name).saying("the gateway's own header")
            }
            Setting::AdoptRelays(id, _) => {
                let device = &self.devices.get(id)?.device;
                // The board describes itself when it connects.
                let actor = Actor { name: device.name.as_str().into(), ..Actor::of_kind(ActorKind::Boot) };
                Deed::new(&actor, Kind::SwitchCreated, &device.name)
            }
        })
    }

    /// How a password became another one. Identities stay: whoever linked one may not be whose it is.
    fn password_in_words(&self, how: Option<&str>, member: MemberId) -> String {
        let linked =
            self.access.identities_of(member).map(|linked| format!("still linked with {}", linked.identity.provider()));
        how.map(str::to_owned).into_iter().chain(linked).collect::<Vec<_>>().join(", ")
    }

    fn invited_by(&self, invitation: &Invitation) -> String {
        let by = self.access.name_of(invitation.inviter).map_or("someone", Name::as_str);
        format!("invited by {by}, as {}", role_word(invitation.role))
    }

    fn invitation_deed(&self, actor: &Actor, kind: Kind, invitation: &Invitation) -> Deed {
        Deed::new(actor, kind, INVITED).saying(self.invited_by(invitation))
    }

    /// The lines for what ends on time, from the records that end it, as things are called before.
    pub(super) fn lines_of_ends(&mut self, now: &Now, ends: &[Record]) -> Vec<Record> {
        let deeds: Vec<_> = ends.iter().filter_map(|end| self.end_deed(end)).collect();
        deeds.into_iter().map(|deed| self.entry(now, deed)).collect()
    }

    fn end_deed(&self, end: &Record) -> Option<Deed> {
        let clock = Actor::clock();
        Some(match end {
            Record::GrantDeleted(id) => {
                let grant = self.access.grants.get(id)?;
                let to = self.access.name_of(grant.to).map_or("someone", Name::as_str);
                Deed::new(&clock, Kind::GrantEnded, to).saying(self.terms_in_words(&grant.terms))
            }
            Record::GuestLinkDeleted(id) => Deed::new(&clock, Kind::GuestLinkEnded, &self.access.links.get(id)?.name),
            Record::TokenDeleted(id) => Deed::new(&clock, Kind::TokenEnded, &self.access.token(*id)?.name),
            Record::InvitationDeleted(id) => {
                self.invitation_deed(&clock, Kind::InvitationEnded, &*self.invitation(*id).ok()?)
            }
            _ => return None,
        })
    }

    fn terms_in_words(&self, terms: &Terms) -> String {
        let name = match terms.target {
            Target::Home => None,
            Target::Room(id) => self.rooms.get(&id).map(|room| room.name.clone()),
            Target::Device(id) => self.devices.get(&id).map(|entry| entry.device.name.clone()),
            Target::Switch(id) => self.switches.get(&id).map(|entry| entry.switch.name.clone()),
        };
        let level = match terms.level {
            Level::View => "to see",
            Level::Operate => "to see and to move",
        };
        let time = if terms.is_timed() { ", for a time" } else { "" };
        format!("{}, {level}{time}", name.as_ref().map_or("the whole home", |name| name.as_str()))
    }

    fn account_deed(&self, change: &AccountChange) -> Option<Deed> {
        let (member, kind, text) = match change {
            AccountChange::EndSession { member, .. } => (member, Kind::SessionsEnded, "one".to_owned()),
            AccountChange::EndOtherSessions { member, .. } => (member, Kind::SessionsEnded, "all others".to_owned()),
            AccountChange::Password { member, .. } => {
                (member, Kind::PasswordChanged, self.password_in_words(None, *member))
            }
            AccountChange::LinkIdentity { member, identity, .. } => {
                (member, Kind::IdentityLinked, format!("their account at {}", identity.provider()))
            }
            AccountChange::UnlinkIdentity { member, identity } => {
                let linked = self.access.identity(*identity)?;
                (member, Kind::IdentityUnlinked, format!("their account at {}", linked.identity.provider()))
            }
            AccountChange::Name { member, name } => (member, Kind::MemberUpdated, format!("now called {name}")),
            AccountChange::Email { member, new } => {
                let text = if new.is_some() { "gave an e-mail address" } else { "without e-mail address" };
                (member, Kind::MemberUpdated, text.to_owned())
            }
        };
        let actor = self.access.actor_of(*member)?;
        Some(Deed::new(&actor, kind, &actor.name).saying(text))
    }

    /// The line for a relay that no command moved.
    pub(super) fn movement(&mut self, now: &Now, id: SwitchId, actor: ActorKind, on: bool) -> Option<Record> {
        let entry = self.switches.get_mut(&id)?;
        let unlisted = entry.flutter.line(now.mono)?;
        let deed = Deed::new(&Actor::of_kind(actor), Kind::SwitchMoved, &entry.switch.name);
        let text = match unlisted {
            0 => on_or_off(on).to_owned(),
            more => format!("{}, after {more} more, too fast to be listed", on_or_off(on)),
        };
        Some(self.entry(now, Deed { switch: Some(id), on: Some(on), ..deed.saying(text) }))
    }

    fn edited(&self, edit: &Edit) -> String {
        let name = edit.name.as_ref().map(|name| format!("now called {name}"));
        let room = edit.room.map(|room| match room.and_then(|id| self.rooms.get(&id)) {
            Some(room) => format!("put into {}", room.name),
            None => "in no room of its own".to_owned(),
        });
        name.into_iter().chain(room).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn reset_line(&mut self, now: &Now, by: &Actor, member: &Member) -> Record {
        self.entry(now, Deed::new(by, Kind::ResetCodeCreated, &member.name))
    }

    pub(super) fn entry(&mut self, now: &Now, deed: Deed) -> Record {
        let Deed { actor, kind, subject, text, switch, on } = deed;
        let id = EntryId::from_raw(self.ids.draw());
        Record::Entry(Arc::new(Entry { id, at: now.stamp(), actor, kind, subject, text: text.into(), switch, on }))
    }
}
