//! From grants to rights: which switches each person and each link may see and move now.

use super::grant::{Giver, Level, Target, Terms};
use super::{Access, Role};
use crate::command::Actor;
use crate::ids::{DeviceId, GrantId, GuestLinkId, MemberId, RoomId, SwitchId, TokenId};
use crate::time::{Now, Wall};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// All of a kind, or these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Set<T> {
    /// All of them, also those that come later.
    All,
    /// These.
    Only(BTreeSet<T>),
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

impl<T: Ord + Copy> Set<T> {
    pub(crate) fn has(&self, item: T) -> bool {
        match self {
            Self::All => true,
            Self::Only(some) => some.contains(&item),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Only(some) if some.is_empty())
    }

    /// Whether all of `other` is in it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Only(_), Self::All) => false,
            (Self::Only(mine), Self::Only(others)) => others.is_subset(mine),
        }
    }

    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::All, some) | (some, Self::All) => some.clone(),
            (Self::Only(a), Self::Only(b)) => Self::Only(a.intersection(b).copied().collect()),
        }
    }

    fn add(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::All, _) => {}
            (_, Self::All) => *self = Self::All,
            (Self::Only(mine), Self::Only(others)) => mine.extend(others),
        }
    }
}

/// What someone may do now. Nothing, by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// Change the home's settings, and see whatever there is.
    pub(crate) administer: bool,
    /// Switches that exist for them.
    pub(crate) view: Set<SwitchId>,
    /// Switches they may move; each of them is in `view`.
    pub(crate) operate: Set<SwitchId>,
    /// Switches that they may let others see and move.
    pub(crate) share: Set<SwitchId>,
    /// Devices that exist for them.
    pub(crate) devices: Set<DeviceId>,
    /// Rooms that exist for them.
    pub(crate) rooms: Set<RoomId>,
    /// When all of it ends; none when something of it has no end.
    pub(crate) until: Option<Wall>,
    /// Who let them, switch by switch, or all.
    pub(crate) from: Vec<(Set<SwitchId>, Level, Actor)>,
}

impl Rights {
    /// Everything: what an owner may.
    pub fn all() -> Self {
        Self { administer: true, share: Set::All, ..Self::home(true) }
    }

    /// Every switch, device and room that there is, to see and perhaps to move, but no settings.
    pub fn home(operate: bool) -> Self {
        let operate = if operate { Set::All } else { Set::default() };
        Self { view: Set::All, operate, devices: Set::All, rooms: Set::All, ..Self::default() }
    }

    /// Who let them see or move a switch, the farther right first.
    pub(crate) fn from(&self, switch: SwitchId) -> Option<&Actor> {
        let mut given = self.from.iter().filter(|(switches, ..)| switches.has(switch));
        let first = given.next()?;
        Some(&given.fold(first, |best, other| if other.1 > best.1 { other } else { best }).2)
    }
}

/// Where each switch is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(pub(crate) Vec<(SwitchId, DeviceId, Option<RoomId>)>);

impl Places {
    fn these(&self, wanted: impl Fn(DeviceId, Option<RoomId>) -> bool) -> Set<SwitchId> {
        Set::Only(self.0.iter().filter(|(_, device, room)| wanted(*device, *room)).map(|(id, ..)| *id).collect())
    }

    /// The switches of a part of the home.
    pub(crate) fn of(&self, target: Target) -> Set<SwitchId> {
        match target {
            Target::Home => Set::All,
            Target::Room(room) => self.these(|_, at| at == Some(room)),
            Target::Device(device) => self.these(|of, _| of == device),
            Target::Switch(switch) => Set::Only([switch].into()),
        }
    }

    fn devices(&self, target: Target) -> Set<DeviceId> {
        match target {
            Target::Home => Set::All,
            Target::Device(device) => Set::Only([device].into()),
            Target::Room(room) => {
                Set::Only(self.0.iter().filter(|(_, _, at)| *at == Some(room)).map(|(_, device, _)| *device).collect())
            }
            // A switch can be shown to someone who is shown no device.
            Target::Switch(_) => Set::default(),
        }
    }

    fn rooms(&self, target: Target) -> Set<RoomId> {
        match target {
            Target::Home => Set::All,
            Target::Room(room) => Set::Only([room].into()),
            Target::Device(_) | Target::Switch(_) => Set::default(),
        }
    }

    fn rooms_of(&self, switches: &Set<SwitchId>) -> Set<RoomId> {
        let shown = self.0.iter().filter(|(id, ..)| switches.has(*id));
        Set::Only(shown.filter_map(|(_, _, room)| *room).collect())
    }
}

/// What people and links may do now. Owners are not in it, for they may do everything; nor are links that do not hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Resolved {
    pub(crate) people: BTreeMap<MemberId, Arc<Rights>>,
    pub(crate) links: BTreeMap<GuestLinkId, Arc<Rights>>,
    /// Grants that hold.
    pub(crate) holding: BTreeSet<GrantId>,
    /// API tokens that hold.
    pub(crate) tokens: BTreeSet<TokenId>,
}

/// Works out what holds now, for whom.
#[derive(Debug)]
pub(crate) struct Resolver<'a> {
    pub(crate) places: &'a Places,
    pub(crate) now: &'a Now,
    /// Minutes that the home's zone is east of UTC.
    pub(crate) east: i16,
}

impl Resolver<'_> {
    pub(crate) fn resolve(&self, access: &Access) -> Resolved {
        let mut people: BTreeMap<MemberId, Rights> = BTreeMap::new();
        let holding = || access.grants.values().filter(|grant| grant.terms.hold(self.now, self.east));
        // First what owners gave: what others gave rests on it.
        for grant in holding().filter(|grant| grant.by.rests_on.is_none()) {
            self.give(people.entry(grant.to).or_default(), &grant.terms, &grant.by.actor, &Set::All);
        }
        let shares: BTreeMap<_, _> = people.iter().map(|(id, rights)| (*id, rights.operate.clone())).collect();
        let bound = |by: &Giver| match by.rests_on.and_then(|giver| access.members.get(&giver)) {
            None if by.rests_on.is_none() => Set::All,
            Some(giver) if giver.role == Role::Owner => Set::All,
            Some(giver) if giver.role == Role::Member => shares.get(&giver.id).cloned().unwrap_or_default(),
            _ => Set::default(),
        };
        for grant in holding().filter(|grant| grant.by.rests_on.is_some()) {
            self.give(people.entry(grant.to).or_default(), &grant.terms, &grant.by.actor, &bound(&grant.by));
        }
        people.retain(|id, _| access.members.get(id).is_some_and(|member| member.role != Role::Owner));
        for (id, rights) in &mut people {
            match access.members.get(id).map(|member| member.role) {
                Some(Role::Member) => rights.share = shares.get(id).cloned().unwrap_or_default(),
                // A guest is shown switches and where they are, and no hardware.
                _ => rights.devices = Set::default(),
            }
            let theirs = access.grants.values().filter(|grant| grant.to == *id && !grant.terms.is_over(self.now));
            rights.until = end_of(theirs.map(|grant| grant.terms.until));
        }
        let mut links = BTreeMap::new();
        for link in access.links.values().filter(|link| link.terms.hold(self.now, self.east)) {
            let mut rights = Rights { until: link.terms.until, ..Rights::default() };
            self.give(&mut rights, &link.terms, &link.by.actor, &bound(&link.by));
            rights.devices = Set::default();
            links.insert(link.id, Arc::new(rights));
        }
        let people = people.into_iter().map(|(id, rights)| (id, Arc::new(rights))).collect();
        let tokens = access.tokens.values().filter(|token| token.terms().hold(self.now, self.east));
        let tokens = tokens.map(|token| token.id).collect();
        Resolved { people, links, holding: holding().map(|grant| grant.id).collect(), tokens }
    }

    fn give(&self, rights: &mut Rights, terms: &Terms, by: &Actor, bound: &Set<SwitchId>) {
        let switches = self.places.of(terms.target).and(bound);
        rights.rooms.add(&self.places.rooms_of(&switches));
        // Of what is shared on, the switches are shown that the giver has, and nothing around them.
        if *bound == Set::All {
            rights.rooms.add(&self.places.rooms(terms.target));
            rights.devices.add(&self.places.devices(terms.target));
        }
        rights.view.add(&switches);
        if terms.level == Level::Operate {
            rights.operate.add(&switches);
        }
        rights.from.push((switches, terms.level, by.clone()));
    }

    /// When something of all this may be otherwise next, by a clock that can be believed.
    pub(crate) fn next(&self, access: &Access) -> Option<Wall> {
        access.terms().filter_map(|terms| terms.next(self.now, self.east)).min()
    }
}

/// The last end, when each has one.
fn end_of(ends: impl Iterator<Item = Option<Wall>>) -> Option<Wall> {
    ends.collect::<Option<Vec<_>>>()?.into_iter().max()
}
