//! People and what they are given: nobody acts or sees beyond it, at any moment; what ended stays ended; and all of it is
//! in the record.

use super::rights::Moment;
use super::{Oracle, Step};
use crate::facts::Facts;
use gatehouse_core::access::{Giver, Level, Member, Role, Target, TokenHash};
use gatehouse_core::audit::{Entry, Kind};
use gatehouse_core::code::CodeHash;
use gatehouse_core::command::{Actor, ActorKind};
use gatehouse_core::home::Effect;
use gatehouse_core::ids::SessionId;
use gatehouse_core::invitation::Invitation;
use gatehouse_core::record::Record;
use gatehouse_core::time::Now;
use gatehouse_core::view::View;
use std::collections::BTreeSet;
use std::sync::Arc;

/// On what a change of settings rests.
#[derive(Clone, Copy, Debug)]
pub(crate) enum By {
    /// On nobody: it is asked for at the gateway's own command line.
    Console,
    /// On an owner, or a program of theirs that administers.
    Owner(TokenHash),
    /// On a person who is no guest.
    Resident(TokenHash),
    /// On a one-time code; the number is that of the password that it brings, if it brings one.
    Code(CodeHash, u64),
    /// On a session of theirs that is open; the number is as with a code.
    Session(SessionId, u64),
    /// On what is shown with it: the session that it is about.
    Itself,
}

/// Who asks for a change of settings.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) by: By,
    /// In whose name, as it was when they had the right; none when the change itself says it.
    pub(crate) actor: Option<Actor>,
    /// Whether they still might when a change was planned last; none while none was.
    pub(super) might: Option<bool>,
}

impl Asker {
    pub(crate) fn new(by: By, actor: Option<Actor>) -> Self {
        Self { by, actor, might: None }
    }
}

/// What rights hang on: nothing is worked out again while it is the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Basis {
    version: u64,
    secrets: usize,
    holding: Vec<bool>,
}

/// What ends on time, or stays.
fn is_over(end: Option<gatehouse_core::time::Wall>, now: &Now) -> bool {
    now.wall_trusted && end.is_some_and(|end| now.wall >= end)
}

fn is_of_end(kind: Kind) -> bool {
    matches!(kind, Kind::GrantEnded | Kind::GuestLinkEnded | Kind::TokenEnded | Kind::InvitationEnded)
}

impl Oracle {
    pub(super) fn moment<'a>(&'a self, now: &'a Now) -> Moment<'a> {
        Moment { facts: &self.acked, now, east: self.east }
    }

    /// The gateway was stopped, or crashed: then the last second of what is written behind may be lost.
    pub(crate) fn went_down(&mut self, crashed: bool) {
        self.crashed = crashed;
    }

    /// Nothing that ended is on disk again.
    pub(super) fn check_ended(&mut self, disk: &Facts) {
        let there: BTreeSet<_> = disk.there().collect();
        let back: Vec<_> = self.gone.iter().filter(|id| there.contains(id)).collect();
        assert!(back.is_empty(), "what ended is there again after a restart: {back:x?}");
        for id in std::mem::take(&mut self.ended) {
            if there.contains(&id) {
                assert!(self.crashed, "what ended on time is there again after a stop: {id:x}");
            } else {
                self.gone.insert(id);
            }
        }
    }

    /// What is over by now ends now: each end once, with its line, in one write.
    pub(super) fn ends(&mut self, now: &Now, effects: &[Effect], all_invitations: bool) {
        let mut over = BTreeSet::new();
        over.extend(self.acked.grants.values().filter(|g| is_over(g.terms.until, now)).map(|g| g.id.raw()));
        over.extend(self.acked.links.values().filter(|l| is_over(l.terms.until, now)).map(|l| l.id.raw()));
        over.extend(self.acked.tokens.values().filter(|t| is_over(t.expires_at, now)).map(|t| t.id.raw()));
        let invitations = self.acked.invitations.values().filter(|(new, _)| is_over(new.expires_at, now));
        let invitations: BTreeSet<_> = invitations.map(|(new, _)| new.id.raw()).collect();
        let mut ended = BTreeSet::new();
        for effect in effects {
            let Effect::Write { ticket: None, records } = effect else { continue };
            let ends = records.iter().filter_map(Facts::ended_by).count();
            let lines = records.iter().filter(|record| matches!(record, Record::Entry(entry) if is_of_end(entry.kind)));
            assert_eq!(ends, lines.count(), "each end has a line in the same write: {records:?}");
            self.count_ends(records);
            for record in records {
                let Some(id) = Facts::ended_by(record) else { continue };
                // Its time may have come while somebody was ending it.
                let due = over.contains(&id) || invitations.contains(&id) || self.just_gone.contains(&id);
                assert!(due, "ended before its time: {record:?}");
                assert!(ended.insert(id), "ended twice: {record:?}");
                self.acked.apply(record);
                self.ended.insert(id);
                self.version += 1;
            }
        }
        over.extend(invitations.iter().filter(|_| all_invitations));
        let missing: Vec<_> = over.difference(&ended).collect();
        assert!(missing.is_empty(), "over, and not ended: {missing:x?}");
    }

    fn count_ends(&mut self, records: &[Record]) {
        for record in records {
            match record {
                Record::Entry(entry) if is_of_end(entry.kind) => {
                    assert_eq!(entry.actor.kind, ActorKind::Automation, "nobody ends what ends on time");
                }
                Record::GrantDeleted(_) => self.totals.grants_ended += 1,
                Record::GuestLinkDeleted(_) => self.totals.links_ended += 1,
                Record::TokenDeleted(_) => self.totals.tokens_ended += 1,
                Record::InvitationDeleted(_) => self.totals.invitations_ended += 1,
                _ => {}
            }
        }
    }

    /// A use that is noted changes nothing else.
    pub(super) fn noted(&mut self, record: &Record) {
        match record {
            Record::Session(used) => {
                let mut known = self.acked.sessions.get(&used.id).expect("a session that is open").clone();
                known.last_used_at = used.last_used_at;
                assert_eq!(known, *used, "a use changes a session");
            }
            Record::Token(used) => {
                let mut known = (**self.acked.tokens.get(&used.id).expect("a token that holds")).clone();
                known.last_used_at = used.last_used_at;
                assert_eq!(known, **used, "a use changes a token");
            }
            _ => return,
        }
        self.totals.uses_noted += 1;
        self.acked.apply(record);
    }

    /// People, and what they are given, are shown as they are on disk, and an owner is among them.
    pub(super) fn check_people(&self, view: &View) {
        let (access, acked) = (&view.access, &self.acked);
        assert!(access.members().eq(acked.members.values()), "the people: {:?}", acked.members);
        let sessions: usize = access.members().map(|member| access.sessions_of(member.id).count()).sum();
        assert_eq!(sessions, acked.sessions.len(), "the sessions");
        for session in acked.sessions.values() {
            assert_eq!(access.session(session.id), Some(session), "a session");
        }
        assert!(access.grants().eq(acked.grants.values()), "the grants: {:?}", acked.grants);
        assert!(access.guest_links().eq(acked.links.values()), "the guest links: {:?}", acked.links);
        assert!(access.tokens().eq(acked.tokens.values()), "the tokens: {:?}", acked.tokens);
        let linked: usize = access.members().map(|member| access.identities_of(member.id).count()).sum();
        assert_eq!(linked, acked.identities.len(), "the identities");
        self.check_accounts();
        let invitations = acked.invitations.values().map(|(invitation, _)| invitation);
        assert!(view.invitations.iter().eq(invitations), "the invitations: {:?}", view.invitations);
        let owners = acked.members.values().filter(|member| member.role == Role::Owner).count();
        assert!(owners > 0 || acked.home.is_none(), "the last owner is gone");
    }

    /// Whoever presents whatever secret there ever was sees and moves what they may at this moment, and nothing else.
    pub(super) fn check_rights(&mut self, now: &Now, view: &View, secrets: &[TokenHash]) {
        let moment = self.moment(now);
        let given = self.acked.grants.values().map(|grant| moment.holds(&grant.terms));
        let given = given.chain(self.acked.links.values().map(|link| moment.holds(&link.terms)));
        let tokens = self.acked.tokens.values();
        let given = given.chain(tokens.map(|token| token.expires_at.is_none_or(|_| now.wall_trusted)));
        let basis = Basis { version: self.version, secrets: secrets.len(), holding: given.collect() };
        if basis == self.basis {
            return;
        }
        for secret in secrets {
            self.check_rights_of(now, view, secret);
        }
        self.basis = basis;
    }

    fn check_rights_of(&self, now: &Now, view: &View, secret: &TokenHash) {
        let moment = self.moment(now);
        let (who, viewer) = (moment.who(secret), view.access.viewer(secret));
        let (Some(who), Some(viewer)) = (who, &viewer) else {
            assert_eq!(who.is_some(), viewer.is_some(), "{viewer:?} by a secret that opens nothing, or does");
            return;
        };
        assert_eq!(viewer.actor(), who.actor(), "in another's name");
        assert_eq!(viewer.administer().is_ok(), moment.administers(who), "{viewer:?} changes settings, or not");
        assert!(viewer.hold_tokens().is_err() || who.lives_here(), "{viewer:?} holds tokens");
        assert!(viewer.share().is_err() || who.lives_here() || moment.administers(who), "{viewer:?} shares");
        for switch in &view.switches {
            let (sees, moves) = (viewer.may_view(switch.id), viewer.may_operate(switch.id));
            let (may_see, may_move) =
                (moment.may(who, switch.id, Level::View), moment.may(who, switch.id, Level::Operate));
            assert_eq!((sees, moves), (may_see, may_move), "sees, moves {}: {viewer:?}", switch.id);
        }
        for room in view.rooms.iter().filter(|room| viewer.may_view_room(room.id)) {
            assert!(moment.may_know_room(who, room.id), "{viewer:?} is shown {room:?}");
        }
        for device in view.devices.iter().filter(|device| viewer.may_view_device(device.id)) {
            let device = moment.has_device(device.id).expect("a device on disk");
            assert!(moment.may_know_device(who, device), "{viewer:?} is shown {device:?}");
        }
    }

    /// Whether whoever asks for a change may do so now.
    pub(super) fn might(&self, now: &Now, by: By) -> bool {
        let moment = self.moment(now);
        match by {
            By::Console | By::Itself | By::Code(..) => true,
            By::Session(id, _) => self.acked.sessions.contains_key(&id),
            By::Owner(secret) => moment.who(&secret).is_some_and(|who| moment.administers(who)),
            By::Resident(secret) => moment.who(&secret).is_some_and(|who| who.lives_here()),
        }
    }

    /// A change is planned: whoever gives something may give it now, and whoever comes was invited.
    pub(super) fn planned(&mut self, step: &Step<'_>, records: &[Record]) {
        let now = &step.now;
        let asking = self.callers.iter().filter_map(|(request, caller)| match caller {
            super::Caller::Settings(asker, _) => Some((*request, self.might(now, asker.by))),
            _ => None,
        });
        let asking: Vec<_> = asking.collect();
        for (request, might) in asking {
            if let Some(super::Caller::Settings(asker, _)) = self.callers.get_mut(&request) {
                asker.might = Some(might);
            }
        }
        for record in records {
            match record {
                Record::Grant(grant) => self.is_given(now, &grant.by, grant.terms.target),
                Record::GuestLink(link) => {
                    assert!(link.terms.until.is_some(), "a guest link without an end");
                    self.is_given(now, &link.by, link.terms.target);
                }
                Record::Member(member) if self.acked.home.is_some() && !self.acked.members.contains_key(&member.id) => {
                    self.is_invited(now, member, records);
                }
                Record::Member(member) => self.account_planned(step, member, records),
                Record::Identity(linked) => self.linking_planned(linked, records),
                _ => {}
            }
        }
        self.line = records.iter().find_map(|record| match record {
            // A board that describes itself waits for no answer.
            Record::Entry(entry) => (entry.kind != Kind::SwitchCreated).then(|| entry.clone()),
            _ => None,
        });
    }

    fn is_given(&self, now: &Now, by: &Giver, target: Target) {
        assert!(self.moment(now).may_share(by, target), "{by:?} gives {target:?}, and may not");
    }

    /// Someone comes: by an invitation that is good now, and as what it says.
    fn is_invited(&mut self, now: &Now, new: &Member, records: &[Record]) {
        let used = records.iter().find_map(|record| match record {
            Record::Invitation(invitation, _) => Some(invitation.id),
            Record::InvitationDeleted(id) => Some(*id),
            _ => None,
        });
        let used = used.unwrap_or_else(|| panic!("{new:?} came without an invitation: {records:?}"));
        let (invitation, _) = self.acked.invitations.get(&used).expect("an invitation on disk");
        let Invitation { expires_at, inviter, by, uses_left, .. } = &**invitation;
        assert_eq!(invitation.role, new.role, "another role than the one offered");
        assert!(expires_at.is_none_or(|end| now.wall_trusted && now.wall < end), "came by one that has ended");
        assert!(*uses_left > 0, "came by one that is used up");
        let left = records.iter().find_map(|record| match record {
            Record::Invitation(invitation, _) => Some(invitation.uses_left),
            _ => None,
        });
        assert_eq!(left.unwrap_or(0), uses_left - 1, "it lets in more than it may");
        if new.email.is_some() {
            let read = invitation.mailed_code.expect("one that was mailed");
            let held = |caller: &super::Caller| matches!(caller, super::Caller::Settings(asker, _) if matches!(asker.by, By::Code(code, _) if code == read));
            assert!(self.callers.values().any(held), "an address counts, and nobody has read its mail");
            assert!(invitation.email.as_ref().zip(new.email.as_ref()).is_some_and(|(to, own)| to.same_as(own)));
        }
        let inviter = self.acked.members.get(inviter).expect("whoever invites is there");
        let may = if by.rests_on.is_none() { inviter.role == Role::Owner } else { inviter.role != Role::Guest };
        assert!(may, "invited by {inviter:?}, who may not");
    }

    /// A change of settings is acknowledged: whoever asked might have it made when it was, and its line says who.
    pub(super) fn acknowledged(&mut self, line: Option<&Arc<Entry>>, asker: &Asker) {
        let Some(line) = line else { return };
        assert_ne!(asker.might, Some(false), "made for someone who may not any more: {line:?}");
        if let Some(actor) = &asker.actor {
            assert_eq!(line.actor, *actor, "the line says that somebody else did it: {line:?}");
        }
        let of_people = match line.kind {
            Kind::GrantCreated => &mut self.totals.grants_made,
            Kind::GuestLinkCreated => &mut self.totals.links_made,
            Kind::TokenCreated => &mut self.totals.tokens_made,
            Kind::InvitationCreated => &mut self.totals.invitations_made,
            Kind::MemberJoined => &mut self.totals.joined,
            Kind::MemberDeleted => &mut self.totals.members_removed,
            Kind::MemberUpdated if line.text.starts_with("gave") => &mut self.totals.addresses_given,
            Kind::MemberUpdated if line.text.starts_with("confirmed") => &mut self.totals.addresses_confirmed,
            Kind::MemberUpdated => &mut self.totals.members_changed,
            Kind::DeviceDeleted => &mut self.totals.devices_deleted,
            Kind::PasswordChanged if line.text.starts_with("by") => {
                self.used(asker.by);
                &mut self.totals.passwords_reset
            }
            Kind::PasswordChanged => &mut self.totals.passwords_changed,
            Kind::IdentityLinked => &mut self.totals.identities_linked,
            Kind::IdentityUnlinked => &mut self.totals.identities_unlinked,
            Kind::GrantDeleted => &mut self.totals.grants_taken_back,
            _ => return,
        };
        *of_people += 1;
    }

    /// The daemon stopped: what was asked and changed in its last run is all on disk.
    pub(crate) fn check_disk(&self, disk: &Facts) {
        self.check_record(disk);
        for (id, asked) in self.commands.iter().filter(|(_, asked)| asked.run == self.run) {
            assert_eq!(disk.commands.get(id), asked.settled.as_ref(), "a command's line in the record");
        }
    }

    /// Every line of a change that was acknowledged is on disk, and with it every one before.
    pub(super) fn check_record(&self, disk: &Facts) {
        let missing = self.acked.entries.values().find(|entry| !disk.entries.contains_key(&entry.id));
        assert_eq!(missing, None, "the record has lost a line");
    }
}
