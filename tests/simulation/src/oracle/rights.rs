//! Who may see and move what, worked out from what is on disk, as naively as can be: one asker and one switch at a time.
//! It shares no code with the rules it judges.

use crate::facts::Facts;
use gatehouse_core::access::{
    ApiToken, Giver, Grant, GuestLink, Hours, Level, Member, Role, Scope, Target, Terms, TokenHash,
};
use gatehouse_core::command::{Actor, ActorKind};
use gatehouse_core::device::Device;
use gatehouse_core::ids::{DeviceId, RoomId, SwitchId};
use gatehouse_core::switch::Switch;
use gatehouse_core::time::Now;

/// What is on disk, at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) now: &'a Now,
    /// Minutes that the home's zone is east of UTC, as the home was told.
    pub(crate) east: i16,
}

/// Whoever presents a secret.
#[derive(Clone, Copy)]
pub(crate) enum Who<'a> {
    Person(&'a Member),
    Link(&'a GuestLink),
    Program(&'a ApiToken, &'a Member),
}

const DAY: i64 = 24 * 60;

impl<'a> Moment<'a> {
    /// Who is behind a secret now; none when it opens nothing.
    pub(crate) fn who(&self, secret: &TokenHash) -> Option<Who<'a>> {
        if let Some(session) = self.facts.sessions.values().find(|session| session.token == *secret) {
            return self.facts.members.get(&session.member).map(|member| Who::Person(member));
        }
        if let Some(token) = self.facts.tokens.values().find(|token| token.token == *secret) {
            let holds = token.expires_at.is_none_or(|end| self.now.wall_trusted && self.now.wall < end);
            let opens = token.scopes.iter().any(|scope| *scope != Scope::Metrics);
            let member = self.facts.members.get(&token.member)?;
            return (holds && opens).then_some(Who::Program(token, member));
        }
        let link = self.facts.links.values().find(|link| link.token == *secret)?;
        self.holds(&link.terms).then_some(Who::Link(link))
    }

    pub(crate) fn holds(&self, terms: &Terms) -> bool {
        let timed = terms.until.is_some() || terms.hours.is_some();
        let in_time = terms.until.is_none_or(|until| self.now.wall < until);
        let in_hours = terms.hours.is_none_or(|hours| self.is_within(&hours));
        !timed || (self.now.wall_trusted && in_time && in_hours)
    }

    /// Whether it is within hours that began today or yesterday.
    fn is_within(&self, hours: &Hours) -> bool {
        let minute = self.now.wall.as_millis() as i64 / 60_000 + i64::from(self.east);
        let (from, to) = (i64::from(hours.from()), i64::from(hours.to()));
        let length = if from < to { to - from } else { to + DAY - from };
        [0, 1].into_iter().any(|ago| {
            let day = minute.div_euclid(DAY) - ago;
            // Day 0 was a Thursday, and bit 0 is Monday.
            let begins = hours.days() >> ((day + 3).rem_euclid(7)) & 1 == 1;
            let begin = day * DAY + from;
            begins && begin <= minute && minute < begin + length
        })
    }

    pub(crate) fn administers(&self, who: Who<'_>) -> bool {
        match who {
            Who::Person(member) => member.role == Role::Owner,
            Who::Program(token, member) => member.role == Role::Owner && token.scopes.contains(&Scope::Administer),
            Who::Link(_) => false,
        }
    }

    /// Whether they may see a switch, or move it.
    pub(crate) fn may(&self, who: Who<'_>, switch: SwitchId, level: Level) -> bool {
        let Some(switch) = self.facts.switches.get(&switch) else { return false };
        match who {
            Who::Person(member) => self.person_may(member, switch, level),
            Who::Link(link) => {
                let terms = &link.terms;
                terms.level >= level && self.covers(terms.target, switch) && self.may_give(&link.by, switch)
            }
            Who::Program(token, member) => {
                let has = |scope| token.scopes.contains(&scope);
                let sees = has(Scope::View) || has(Scope::Operate) || self.administers(who);
                sees && (level == Level::View || has(Scope::Operate)) && self.person_may(member, switch, level)
            }
        }
    }

    fn person_may(&self, member: &Member, switch: &Switch, level: Level) -> bool {
        let given = |grant: &Grant| {
            let terms = &grant.terms;
            let holds = grant.to == member.id && terms.level >= level && self.holds(terms);
            holds && self.covers(terms.target, switch) && self.may_give(&grant.by, switch)
        };
        member.role == Role::Owner || self.facts.grants.values().any(|grant| given(grant))
    }

    /// Whether what rests on a giver's right holds for this switch: owners may give all, members what an owner let them move.
    fn may_give(&self, by: &Giver, switch: &Switch) -> bool {
        let Some(giver) = by.rests_on else { return true };
        let moves = |grant: &Grant| {
            let terms = &grant.terms;
            let of_owner = grant.to == giver && grant.by.rests_on.is_none() && terms.level == Level::Operate;
            of_owner && self.holds(terms) && self.covers(terms.target, switch)
        };
        match self.facts.members.get(&giver).map(|giver| giver.role) {
            Some(Role::Owner) => true,
            Some(Role::Member) => self.facts.grants.values().any(|grant| moves(grant)),
            Some(Role::Guest) | None => false,
        }
    }

    /// Whether somebody may share a part of the home now, all of it.
    pub(crate) fn may_share(&self, by: &Giver, target: Target) -> bool {
        let Some(giver) = by.rests_on else { return true };
        let mut moved = self.facts.grants.values().filter(|grant| grant.to == giver && grant.by.rests_on.is_none());
        let of_home = |grant: &std::sync::Arc<Grant>| {
            grant.terms.target == Target::Home && grant.terms.level == Level::Operate && self.holds(&grant.terms)
        };
        match self.facts.members.get(&giver).map(|giver| giver.role) {
            Some(Role::Owner) => true,
            Some(Role::Member) if target == Target::Home => moved.any(of_home),
            Some(Role::Member) => {
                let mut switches = self.facts.switches.values().filter(|switch| self.covers(target, switch)).peekable();
                switches.peek().is_some() && switches.all(|switch| self.may_give(by, switch))
            }
            Some(Role::Guest) | None => false,
        }
    }

    fn covers(&self, target: Target, switch: &Switch) -> bool {
        match target {
            Target::Home => true,
            Target::Room(room) => self.room_of(switch) == Some(room),
            Target::Device(device) => switch.device == device,
            Target::Switch(id) => switch.id == id,
        }
    }

    fn room_of(&self, switch: &Switch) -> Option<RoomId> {
        switch.room.or_else(|| self.facts.devices.get(&switch.device)?.room)
    }

    /// Whether there is any reason for them to be shown a room.
    pub(crate) fn may_know_room(&self, who: Who<'_>, room: RoomId) -> bool {
        let inside = self.facts.switches.values().filter(|switch| self.room_of(switch) == Some(room));
        let seen = inside.into_iter().any(|switch| self.may(who, switch.id, Level::View));
        let given = |target| target == Target::Home || target == Target::Room(room);
        let owner = matches!(who, Who::Person(member) | Who::Program(_, member) if member.role == Role::Owner);
        seen || owner || self.given_whole(who).any(given)
    }

    /// Whether there is any reason for them to be shown a device: guests are shown none.
    pub(crate) fn may_know_device(&self, who: Who<'_>, device: &Device) -> bool {
        let member = match who {
            Who::Person(member) | Who::Program(_, member) => member,
            Who::Link(_) => return false,
        };
        let parts = || self.facts.switches.values().filter(|switch| switch.device == device.id);
        let given = |target| match target {
            Target::Home => true,
            Target::Device(id) => id == device.id,
            Target::Room(room) => parts().any(|switch| self.room_of(switch) == Some(room)),
            Target::Switch(_) => false,
        };
        member.role == Role::Owner || (member.role == Role::Member && self.given_whole(who).any(given))
    }

    /// The parts of the home that were given to them as they are, not as far as somebody else may share them.
    fn given_whole(&self, who: Who<'_>) -> impl Iterator<Item = Target> {
        let whole = |by: &Giver| self.may_share(by, Target::Home);
        let (to, link) = match who {
            Who::Person(member) | Who::Program(_, member) => (Some(member.id), None),
            Who::Link(link) => (None, Some((link.terms, link.by.clone()))),
        };
        let grants = self.facts.grants.values().filter(move |grant| Some(grant.to) == to);
        let given = grants.map(|grant| (grant.terms, grant.by.clone())).chain(link);
        let given: Vec<_> = given.filter(|(terms, by)| self.holds(terms) && whole(by)).collect();
        given.into_iter().map(|(terms, _)| terms.target)
    }

    pub(crate) fn has_device(&self, id: DeviceId) -> Option<&'a Device> {
        self.facts.devices.get(&id).map(|device| &**device)
    }
}

impl Who<'_> {
    /// In whose name they act.
    pub(crate) fn actor(&self) -> Actor {
        let (kind, name) = match self {
            Self::Person(member) if member.role == Role::Guest => (ActorKind::Guest, &member.name),
            Self::Person(member) => (ActorKind::Member, &member.name),
            Self::Link(link) => (ActorKind::Guest, &link.name),
            Self::Program(token, _) => (ActorKind::Token, &token.name),
        };
        Actor { kind, name: name.as_str().into() }
    }

    /// Whether they live here: a person, and no guest.
    pub(crate) fn lives_here(&self) -> bool {
        matches!(self, Self::Person(member) if member.role != Role::Guest)
    }
}
