//! Grants and guest links: made, ended, and what follows from them now.
//!
//! Everything that hangs on the wall clock is looked at again whenever that may have passed an end or an hour, before
//! whatever arrived is. What has ended for good is taken away and that is recorded, so that no clock that steps back
//! brings it again.

use super::{Effect, Home};
use crate::access::{
    Denied, Giver, Grant, GuestLink, MAX_GRANTS, MAX_GUEST_LINKS, Places, Resolver, Role, Set, Target, Terms,
    TokenHash, check_end,
};
use crate::ids::{GrantId, GuestLinkId, MemberId};
use crate::name::Name;
use crate::record::Record;
use crate::time::{Mono, Now, Wall};
use crate::view::Change;
use std::sync::Arc;
use std::time::Duration;

/// How often the wall clock is looked at while something hangs on it: it may step at any time.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What hangs on the clock.
#[derive(Debug, Default)]
pub(super) struct Sharing {
    /// Minutes that the home's zone is east of UTC.
    east: i16,
    /// When the clock was last looked at, and what it said; none while nothing hangs on it.
    looked: Option<Looked>,
}

#[derive(Clone, Copy, Debug)]
struct Looked {
    trusted: bool,
    /// What holds was worked out at this time.
    at: Wall,
    /// When it may be otherwise next.
    next: Option<Wall>,
    look_again: Mono,
}

impl Looked {
    fn new(now: &Now, next: Option<Wall>) -> Self {
        Self { trusted: now.wall_trusted, at: now.wall, next, look_again: Self::again(now, next) }
    }

    /// At the next end by today's clock, at the latest in a while.
    fn again(now: &Now, next: Option<Wall>) -> Mono {
        let ahead =
            next.map(|next| Duration::from_millis(next.as_millis().saturating_sub(now.wall.as_millis()).max(1)));
        now.mono.plus(ahead.filter(|_| now.wall_trusted).unwrap_or(LOOK_EVERY).min(LOOK_EVERY))
    }

    fn is_stale(&self, now: &Now) -> bool {
        let passed = self.next.is_some_and(|next| now.wall >= next) || now.wall < self.at;
        now.wall_trusted != self.trusted || (now.wall_trusted && passed)
    }
}

impl Sharing {
    pub(super) fn next_deadline(&self) -> Option<Mono> {
        self.looked.map(|looked| looked.look_again)
    }
}

impl Home {
    pub(super) fn zone_offset(&mut self, now: &Now, east: i16, out: &mut Vec<Effect>) {
        if east != self.sharing.east {
            self.sharing.east = east;
            self.refresh_access(now, out);
        }
    }

    /// Ends what is over by now, before anything else is looked at.
    pub(super) fn end_what_is_over(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let Some(looked) = &mut self.sharing.looked else { return };
        if looked.is_stale(now) {
            self.refresh_access(now, out);
        } else if now.mono >= looked.look_again {
            looked.look_again = Looked::again(now, looked.next);
        }
    }

    /// Works out anew what everyone may do, and tells of it when it is something else.
    pub(super) fn refresh_access(&mut self, now: &Now, out: &mut Vec<Effect>) {
        let timed = self.access.terms().any(|terms| terms.is_timed());
        let ended: Vec<_> = self.access.over(now).collect();
        let lines = self.lines_of_ends(now, &ended);
        let places = Places(self.places());
        let resolver = Resolver { places: &places, now, east: self.sharing.east };
        let resolved = resolver.resolve(&self.access);
        self.sharing.looked = timed.then(|| Looked::new(now, resolver.next(&self.access)));
        if !ended.is_empty() || resolved != self.access.resolved {
            Arc::make_mut(&mut self.access).resolved = resolved;
            for record in ended.iter().cloned() {
                self.apply_access(record);
            }
            out.push(Effect::Changed(Change::Access(self.access.clone())));
        }
        if !ended.is_empty() {
            out.push(Effect::Write { ticket: None, records: ended.into_iter().chain(lines).collect() });
        }
    }

    fn places(&self) -> Vec<(crate::ids::SwitchId, crate::ids::DeviceId, Option<crate::ids::RoomId>)> {
        let room = |entry: &super::SwitchEntry| {
            let device = self.devices.get(&entry.switch.device);
            entry.switch.room.or_else(|| device.and_then(|entry| entry.device.room))
        };
        self.switches.values().map(|entry| (entry.switch.id, entry.switch.device, room(entry))).collect()
    }

    /// Whether these terms can be given: the place is there, the end lies ahead, and the giver may share all of it.
    pub(super) fn check_terms(&self, now: &Now, by: &Giver, terms: &Terms) -> Result<(), Denied> {
        match terms.target {
            Target::Home => {}
            Target::Room(id) if self.rooms.contains_key(&id) => {}
            Target::Device(id) if self.devices.contains_key(&id) => {}
            Target::Switch(id) if self.switches.contains_key(&id) => {}
            Target::Room(_) => return Err(Denied::NotFound("room")),
            Target::Device(_) => return Err(Denied::NotFound("device")),
            Target::Switch(_) => return Err(Denied::NotFound("switch")),
        }
        check_end(terms, now)?;
        let Some(giver) = by.rests_on else { return Ok(()) };
        let giver = self.access.member(giver).ok_or(Denied::Forbidden)?;
        let wanted = Places(self.places()).of(terms.target);
        let rights = self.access.rights_of(giver);
        let unseen = match &wanted {
            Set::All => false,
            Set::Only(wanted) => !wanted.iter().any(|switch| rights.view.has(*switch)),
        };
        if !rights.share.covers(&wanted) || wanted.is_empty() {
            // What the giver may not see does not exist for them.
            return Err(match terms.target {
                Target::Room(_) if unseen => Denied::NotFound("room"),
                Target::Device(_) if unseen => Denied::NotFound("device"),
                Target::Switch(_) if unseen => Denied::NotFound("switch"),
                _ => Denied::Forbidden,
            });
        }
        Ok(())
    }

    /// A part of the home goes: what was given of it goes too.
    pub(super) fn plan_end_of_target(&self, target: Target) -> impl Iterator<Item = Record> + use<'_> {
        let grants = self.access.grants.values().filter(move |grant| grant.terms.target == target);
        let links = self.access.links.values().filter(move |link| link.terms.target == target);
        let ended = grants.map(|grant| Record::GrantDeleted(grant.id));
        ended.chain(links.map(|link| Record::GuestLinkDeleted(link.id)))
    }

    /// Whether another grant fits beside those that are there and `planned` ones.
    pub(super) fn room_for_grants(&self, planned: usize) -> bool {
        self.access.grants.len() + planned < MAX_GRANTS
    }

    pub(super) fn plan_grant(
        &mut self,
        now: &Now,
        by: &Giver,
        to: MemberId,
        terms: Terms,
    ) -> Result<Arc<Grant>, Denied> {
        self.check_terms(now, by, &terms)?;
        let member = self.access.member(to).ok_or(Denied::NotFound("member"))?;
        if member.role == Role::Owner {
            return Err(Denied::Conflict(format!("{} is an owner, and may do everything.", member.name)));
        }
        if by.rests_on == Some(to) {
            return Err(Denied::Conflict("You have this yourself. Choose somebody else.".to_owned()));
        }
        if !self.room_for_grants(0) {
            return Err(Denied::Conflict(format!("A home has at most {MAX_GRANTS} grants. End one first.")));
        }
        Ok(self.grant(now, by, to, terms))
    }

    pub(super) fn plan_grant_deletion(&self, by: &Giver, id: GrantId) -> Result<Record, Denied> {
        let grant = self.access.grants.get(&id).ok_or(Denied::NotFound("grant"))?;
        match by.rests_on {
            None => Ok(Record::GrantDeleted(id)),
            Some(giver) if grant.by.rests_on == Some(giver) => Ok(Record::GrantDeleted(id)),
            Some(giver) if grant.to == giver => Err(Denied::Forbidden),
            Some(_) => Err(Denied::NotFound("grant")),
        }
    }

    pub(super) fn plan_guest_link(
        &mut self,
        now: &Now,
        by: &Giver,
        name: Name,
        token: TokenHash,
        terms: Terms,
    ) -> Result<Arc<GuestLink>, Denied> {
        self.check_terms(now, by, &terms)?;
        if terms.until.is_none() {
            let message = "A guest link has an end. Choose one.".to_owned();
            return Err(Denied::BadInput { field: "until", message });
        }
        if self.access.links.len() == MAX_GUEST_LINKS {
            let message = format!("A home has at most {MAX_GUEST_LINKS} guest links. End one first.");
            return Err(Denied::Conflict(message));
        }
        let id = GuestLinkId::from_raw(self.ids.draw());
        Ok(Arc::new(GuestLink { id, name, token, terms, by: by.clone(), created_at: now.stamp() }))
    }

    pub(super) fn plan_guest_link_deletion(&self, by: &Giver, id: GuestLinkId) -> Result<Record, Denied> {
        let link = self.access.links.get(&id).ok_or(Denied::NotFound("guest link"))?;
        match by.rests_on {
            Some(giver) if link.by.rests_on != Some(giver) => Err(Denied::NotFound("guest link")),
            _ => Ok(Record::GuestLinkDeleted(id)),
        }
    }
}
