//! Grants: who may see and move which part of the home, and until when.

use crate::commands::Actor;
use crate::error::{no_such, told};
use crate::gateway::{DateTime, date_time};
use crate::members::Member;
use crate::search::Search;
use crate::viewer::{SignedIn, shared, signed_in};
use async_graphql::{Context, Enum, ID, InputObject, Object, Result, SimpleObject};
use gatehouse_core::access::{self, Denied, Hours, Target, Terms};
use gatehouse_core::name::Name;
use gatehouse_core::view::View;
use std::sync::Arc;

/// A kind of part of the home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum TargetKind {
    /// All switches, also those that come later.
    Home,
    /// The switches that are in a room.
    Room,
    /// The switches of a device.
    Device,
    /// One switch.
    Switch,
}

/// How far a grant goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "access::Level")]
pub(crate) enum GrantLevel {
    /// To see.
    View,
    /// To see and to ask to be on or off.
    Operate,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum Weekday {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

/// The week, from Monday on, as hours number its days.
const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// A part of the home.
#[derive(SimpleObject)]
pub(crate) struct GrantTarget {
    /// What kind of part.
    kind: TargetKind,
    /// The id of the room, device or switch; null for the home.
    id: Option<ID>,
    /// What it is called.
    pub(crate) name: String,
}

impl GrantTarget {
    pub(crate) fn new(target: Target, view: &View) -> Self {
        let (kind, id, name) = match target {
            Target::Home => (TargetKind::Home, None, view.home.as_ref().map(|home| &home.name)),
            Target::Room(id) => (TargetKind::Room, Some(id.to_string()), view.room(id).map(|room| &room.name)),
            Target::Device(id) => {
                (TargetKind::Device, Some(id.to_string()), view.device(id).map(|device| &device.name))
            }
            Target::Switch(id) => {
                (TargetKind::Switch, Some(id.to_string()), view.switch(id).map(|switch| &switch.name))
            }
        };
        Self { kind, id: id.map(ID), name: name.map(ToString::to_string).unwrap_or_default() }
    }
}

/// Hours of some days of the week, in the home's time zone.
#[derive(SimpleObject)]
pub(crate) struct GrantHours {
    /// The days on which they begin.
    days: Vec<Weekday>,
    /// The minute of the day they begin with: 0 to 1,439.
    from: i32,
    /// The minute of the day before which they end: 1 to 1,440. When it lies before `from` they go on into the next day.
    to: i32,
}

impl GrantHours {
    pub(crate) fn new(hours: Hours) -> Self {
        let days = (0..).zip(WEEK).filter(|(day, _)| hours.days() >> day & 1 == 1).map(|(_, day)| day);
        Self { days: days.collect(), from: hours.from().into(), to: hours.to().into() }
    }
}

/// What a person may do with a part of the home.
pub(crate) struct Grant(pub(crate) Arc<access::Grant>);

impl Grant {
    pub(crate) fn list(asked: &SignedIn, wanted: impl Fn(&access::Grant) -> bool) -> Vec<Self> {
        let SignedIn { viewer, view } = asked;
        let me = viewer.member();
        let shown = |grant: &access::Grant| {
            viewer.administer().is_ok() || (me.is_some() && (me == Some(grant.to) || me == grant.by.rests_on))
        };
        view.access.grants().filter(|grant| shown(grant) && wanted(grant)).cloned().map(Self).collect()
    }
}

/// What a person may do with a part of the home.
#[Object]
impl Grant {
    /// Its id for good.
    async fn id(&self) -> ID {
        self.0.id.to_string().into()
    }

    /// To whom.
    async fn member(&self, ctx: &Context<'_>) -> Result<Member> {
        signed_in(ctx)?.view.access.member(self.0.to).cloned().map(Member).ok_or_else(|| no_such("member"))
    }

    /// Which part of the home.
    async fn target(&self, ctx: &Context<'_>) -> Result<GrantTarget> {
        Ok(GrantTarget::new(self.0.terms.target, &signed_in(ctx)?.view))
    }

    /// How far it goes.
    async fn level(&self) -> GrantLevel {
        self.0.terms.level.into()
    }

    /// When it ends for good; null when never.
    async fn until(&self) -> Option<DateTime> {
        self.0.terms.until.and_then(date_time)
    }

    /// The hours within which it holds; null when always.
    async fn hours(&self) -> Option<GrantHours> {
        self.0.terms.hours.map(GrantHours::new)
    }

    /// Who gave it.
    async fn by(&self) -> Actor {
        Actor(self.0.by.actor.clone())
    }

    /// When it was given; null when the clock was not trusted.
    async fn created_at(&self) -> Option<DateTime> {
        self.0.created_at.and_then(date_time)
    }

    /// Whether it holds now: within its hours. One with an end or hours does not hold while the gateway's clock is not trusted.
    async fn active(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(signed_in(ctx)?.view.access.is_holding(self.0.id))
    }
}

#[derive(Default)]
pub(crate) struct GrantsQuery;

#[Object]
impl GrantsQuery {
    /// Grants, at most 1,024, in the order they were made: all of them for the owner, for others those to them and those they
    /// gave. One whose end has passed is gone. `search` is looked for in the names of the person, of the part of the home and
    /// of who gave it.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, BAD_INPUT (search).
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn grants(&self, ctx: &Context<'_>, search: Option<String>) -> Result<Vec<Grant>> {
        let asked = signed_in(ctx)?;
        let search = Search::new(search)?;
        Ok(Grant::list(&asked, |grant| {
            let target = GrantTarget::new(grant.terms.target, &asked.view);
            let to = asked.view.access.name_of(grant.to).map(Name::as_str).unwrap_or_default();
            search.finds_any(&[to, &target.name, &grant.by.actor.name])
        }))
    }
}

/// A part of the home.
#[derive(InputObject)]
pub(crate) struct TargetInput {
    /// What kind of part.
    kind: TargetKind,
    /// The id of the room, device or switch; none for the home.
    id: Option<ID>,
}

impl TargetInput {
    pub(crate) fn parse(&self) -> Result<Target> {
        let bad = |message: &str| told(Denied::BadInput { field: "target", message: message.to_owned() });
        let id = match (self.kind, &self.id) {
            (TargetKind::Home, None) => return Ok(Target::Home),
            (TargetKind::Home, Some(_)) => return Err(bad("The whole home has no id here. Leave it out.")),
            (_, None) => return Err(bad("Say which one, by its id.")),
            (_, Some(id)) => id,
        };
        match self.kind {
            TargetKind::Home => Ok(Target::Home),
            TargetKind::Room => id.parse().map(Target::Room).map_err(|_| no_such("room")),
            TargetKind::Device => id.parse().map(Target::Device).map_err(|_| no_such("device")),
            TargetKind::Switch => id.parse().map(Target::Switch).map_err(|_| no_such("switch")),
        }
    }
}

/// Hours of some days of the week, in the home's time zone.
#[derive(InputObject)]
pub(crate) struct HoursInput {
    /// The days on which they begin, at least one.
    days: Vec<Weekday>,
    /// The minute of the day they begin with: 0 to 1,439.
    from: i32,
    /// The minute of the day before which they end: 1 to 1,440, and not `from`. When it lies before `from` they go on into
    /// the next day.
    to: i32,
}

impl HoursInput {
    pub(crate) fn parse(&self) -> Result<Hours> {
        let days = (0..).zip(WEEK).filter(|(_, day)| self.days.contains(day)).fold(0, |days, (day, _)| days | 1 << day);
        let minute = |minute: i32| u16::try_from(minute).unwrap_or(u16::MAX);
        Hours::new(days, minute(self.from), minute(self.to)).ok_or_else(|| {
            let message = "Hours are on at least one day, begin from 0 to 1439 minutes after midnight, and end at another \
                           minute, from 1 to 1440.";
            told(Denied::BadInput { field: "hours", message: message.to_owned() })
        })
    }
}

/// A new grant.
#[derive(InputObject)]
pub(crate) struct CreateGrantInput {
    /// To whom.
    member_id: ID,
    /// Which part of the home.
    target: TargetInput,
    /// How far it goes.
    level: GrantLevel,
    /// When it ends for good; never when left out.
    until: Option<DateTime>,
    /// The hours within which it holds; always when left out.
    hours: Option<HoursInput>,
}

/// A grant less.
#[derive(InputObject)]
pub(crate) struct DeleteGrantInput {
    /// Which grant.
    id: ID,
}

#[derive(Default)]
pub(crate) struct GrantsMutation;

#[Object]
impl GrantsMutation {
    /// Lets a person see, or move, a part of the home. For the owner; and for a member, what an owner lets them move: it rests
    /// on their own right and ends with it.
    /// Errors: BAD_INPUT (target, until, hours), NOT_FOUND (the person, or what is given), CONFLICT (the person is an owner or
    /// the viewer, or there are 1,024), FORBIDDEN, BUSY, STORAGE.
    async fn create_grant(&self, ctx: &Context<'_>, input: CreateGrantInput) -> Result<Grant> {
        let cap = signed_in(ctx)?.viewer.share().map_err(told)?;
        let to = input.member_id.parse().map_err(|_| no_such("member"))?;
        let hours = input.hours.map(|hours| hours.parse()).transpose()?;
        let until = input.until.map(|until| until.wall());
        let terms = Terms { target: input.target.parse()?, level: input.level.into(), until, hours };
        shared(ctx).hub.create_grant(cap, to, terms).await.map(Grant).map_err(told)
    }

    /// Ends a grant: nothing that rests on it is shown or moved any more. True when done. For the owner, and for whoever gave
    /// it.
    /// Errors: NOT_FOUND, FORBIDDEN, BUSY, STORAGE.
    async fn delete_grant(&self, ctx: &Context<'_>, input: DeleteGrantInput) -> Result<bool> {
        let cap = signed_in(ctx)?.viewer.share().map_err(told)?;
        let id = input.id.parse().map_err(|_| no_such("grant"))?;
        shared(ctx).hub.delete_grant(cap, id).await.map_err(told)?;
        Ok(true)
    }
}
