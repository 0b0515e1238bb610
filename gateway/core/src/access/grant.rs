//! What is given to people and to links: a part of the home, to see or to move, perhaps for a time.

use super::{Denied, TokenHash, ViewerId};
use crate::command::Actor;
use crate::ids::{DeviceId, GrantId, GuestLinkId, MemberId, RoomId, SwitchId};
use crate::name::Name;
use crate::time::{Now, Wall};

/// Grants a home may have.
pub const MAX_GRANTS: usize = 1_024;
/// Guest links a home may have.
pub const MAX_GUEST_LINKS: usize = 64;
/// Minutes of a day.
const DAY: u16 = 24 * 60;
/// Milliseconds of a minute.
const MINUTE: u64 = 60_000;

/// A part of the home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// All switches, also those that come later.
    Home,
    /// The switches that are in a room.
    Room(RoomId),
    /// The switches of a device.
    Device(DeviceId),
    /// One switch.
    Switch(SwitchId),
}

/// How far a grant goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// To see.
    View,
    /// To see and to move.
    Operate,
}

/// Hours of some days of the week, in the home's time zone. Hours that end before they begin go on into the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Days on which they begin: bit 0 is Monday.
    days: u8,
    /// The minute of the day they begin with: 0 to 1,439.
    from: u16,
    /// The minute of the day before which they end: 1 to 1,440.
    to: u16,
}

impl Hours {
    /// Hours, when there are any: at least one of seven days, `from` 0 to 1,439, `to` 1 to 1,440 and another.
    pub fn new(days: u8, from: u16, to: u16) -> Option<Self> {
        let good = (1..1 << 7).contains(&days) && from < DAY && (1..=DAY).contains(&to) && from != to;
        good.then_some(Self { days, from, to })
    }

    /// The days on which they begin: bit 0 is Monday.
    pub fn days(&self) -> u8 {
        self.days
    }

    /// From this minute of the day on.
    pub fn from(&self) -> u16 {
        self.from
    }

    /// Until before this minute of the day.
    pub fn to(&self) -> u16 {
        self.to
    }

    /// Whether it is within them, `east` minutes east of UTC.
    fn hold(&self, wall: Wall, east: i16) -> bool {
        let (day, minute) = day_and_minute(wall, east);
        let begins = |day: u64| self.days >> (day % 7) & 1 == 1;
        if self.from < self.to {
            begins(day) && (self.from..self.to).contains(&minute)
        } else {
            (begins(day) && minute >= self.from) || (begins(day + 6) && minute < self.to)
        }
    }

    /// When they may begin or end next.
    fn next(&self, wall: Wall, east: i16) -> Wall {
        let (_, minute) = day_and_minute(wall, east);
        let minutes = [self.from, self.to].map(|at| match (at + DAY - minute) % DAY {
            0 => DAY,
            ahead => ahead,
        });
        let ahead = u64::from(minutes[0].min(minutes[1]));
        Wall::from_millis((wall.as_millis() / MINUTE + ahead) * MINUTE)
    }
}

/// The day of the week, Monday being 0, and the minute of the day.
fn day_and_minute(wall: Wall, east: i16) -> (u64, u16) {
    let minutes = (wall.as_millis() / MINUTE).saturating_add_signed(i64::from(east));
    // The first of January 1970 was a Thursday.
    let day = (minutes / u64::from(DAY) + 3) % 7;
    (day, u16::try_from(minutes % u64::from(DAY)).unwrap_or_default())
}

/// What is given, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The part of the home.
    pub target: Target,
    /// How far it goes.
    pub level: Level,
    /// When it ends for good; none when never.
    pub until: Option<Wall>,
    /// The hours within which it holds; none when always.
    pub hours: Option<Hours>,
}

impl Terms {
    /// Whether it hangs on the wall clock at all.
    pub(crate) fn is_timed(&self) -> bool {
        self.until.is_some() || self.hours.is_some()
    }

    /// Whether it has ended for good. While the clock cannot be believed nobody knows.
    pub(crate) fn is_over(&self, now: &Now) -> bool {
        now.wall_trusted && self.until.is_some_and(|until| now.wall >= until)
    }

    /// Whether it holds now, `east` minutes east of UTC. What hangs on the clock does not hold while that cannot be
    /// believed: no door opens by a wrong clock.
    pub(crate) fn hold(&self, now: &Now, east: i16) -> bool {
        if !self.is_timed() {
            return true;
        }
        let in_time = self.until.is_none_or(|until| now.wall < until);
        now.wall_trusted && in_time && self.hours.is_none_or(|hours| hours.hold(now.wall, east))
    }

    /// When that may be otherwise next, by a clock that can be believed.
    pub(crate) fn next(&self, now: &Now, east: i16) -> Option<Wall> {
        let until = self.until.filter(|until| *until > now.wall);
        until.into_iter().chain(self.hours.map(|hours| hours.next(now.wall, east))).min()
    }
}

/// In whose name something is given, and what it rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Giver {
    /// Who gave it.
    pub actor: Actor,
    /// The member whose own right it rests on, and ends with. None: an owner gave it, and it rests on nobody.
    pub rests_on: Option<MemberId>,
}

/// What a person may do with a part of the home, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id for good.
    pub id: GrantId,
    /// To whom.
    pub to: MemberId,
    /// What.
    pub terms: Terms,
    /// By whom.
    pub by: Giver,
    /// When; none while the clock was not trusted.
    pub created_at: Option<Wall>,
}

/// A link that lets whoever holds it in, as a guest, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestLink {
    /// Its id for good.
    pub id: GuestLinkId,
    /// What people call it, and whoever comes by it.
    pub name: Name,
    /// The hash of what must be presented.
    pub token: TokenHash,
    /// What it opens.
    pub terms: Terms,
    /// By whom.
    pub by: Giver,
    /// When; none while the clock was not trusted.
    pub created_at: Option<Wall>,
}

/// The right to give others a part of the home, and to take it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    pub(super) giver: Giver,
    /// Who asked; none at the gateway's own command line.
    pub(super) by: Option<ViewerId>,
}

impl Share {
    /// For whoever stands at the gateway's own command line, as [`super::Administer::console`].
    pub fn console() -> Self {
        Self { giver: Giver { actor: Actor::of_kind(crate::command::ActorKind::Console), rests_on: None }, by: None }
    }

    /// In whose name, and on what it rests.
    pub fn giver(&self) -> &Giver {
        &self.giver
    }
}

/// An end that has passed, by a clock that can be believed, is a mistake.
pub(crate) fn check_end(terms: &Terms, now: &Now) -> Result<(), Denied> {
    if terms.is_over(now) {
        let message = "The end lies in the past. Choose a later one.".to_owned();
        return Err(Denied::BadInput { field: "until", message });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Mono;

    /// Monday, the 6th of July 2026, 00:00 UTC.
    const MONDAY: u64 = 1_783_296_000_000;

    fn at(day: u64, hour: u64, minute: u64) -> Wall {
        Wall::from_millis(MONDAY + ((day * 24 + hour) * 60 + minute) * MINUTE)
    }

    fn now(wall: Wall, wall_trusted: bool) -> Now {
        Now { mono: Mono::from_micros(0), wall, wall_trusted }
    }

    #[test]
    fn hours_hold_on_their_days_in_the_home_s_zone() {
        // Tuesdays and Sundays, 8:30 to 12:00.
        let hours = Hours::new(0b100_0010, 8 * 60 + 30, 12 * 60).unwrap();
        for (day, hour, minute, holds) in [
            (1, 8, 29, false),
            (1, 8, 30, true),
            (1, 11, 59, true),
            (1, 12, 0, false),
            (0, 9, 0, false),
            (6, 9, 0, true),
        ] {
            assert_eq!(hours.hold(at(day, hour, minute), 0), holds, "{day} {hour}:{minute}");
        }
        assert!(hours.hold(at(1, 6, 30), 120), "two hours east");
        assert!(!hours.hold(at(1, 8, 30), -60), "an hour west");
        assert_eq!(hours.next(at(1, 8, 0), 0), at(1, 8, 30));
        assert_eq!(hours.next(at(1, 8, 30), 0), at(1, 12, 0));
        assert_eq!(hours.next(at(1, 12, 0), 0), at(2, 8, 30));
    }

    #[test]
    fn hours_over_midnight_belong_to_the_day_they_begin_on() {
        // Fridays, 22:00 to 6:00.
        let hours = Hours::new(0b1_0000, 22 * 60, 6 * 60).unwrap();
        for (day, hour, holds) in [(4, 21, false), (4, 22, true), (5, 5, true), (5, 6, false), (4, 5, false)] {
            assert_eq!(hours.hold(at(day, hour, 0), 0), holds, "{day} {hour}");
        }
        // Sundays into Mondays.
        assert!(Hours::new(0b100_0000, 22 * 60, 6 * 60).unwrap().hold(at(0, 5, 0), 0));
    }

    #[test]
    fn hours_that_are_none_are_none() {
        for (days, from, to) in [(0, 0, 1), (128, 0, 1), (1, 1_440, 1), (1, 0, 0), (1, 0, 1_441), (1, 5, 5)] {
            assert_eq!(Hours::new(days, from, to), None, "{days} {from} {to}");
        }
        assert!(Hours::new(127, 0, 1_440).is_some());
    }

    #[test]
    fn what_hangs_on_the_clock_waits_until_it_can_be_believed() {
        let always = Terms { target: Target::Home, level: Level::View, until: None, hours: None };
        let until = Terms { until: Some(at(1, 0, 0)), ..always };
        assert!(always.hold(&now(at(0, 0, 0), false), 0) && !always.is_over(&now(at(9, 0, 0), true)));
        assert!(until.hold(&now(at(0, 23, 59), true), 0));
        for (wall, trusted) in [(at(0, 0, 0), false), (at(1, 0, 0), true), (at(1, 0, 0), false)] {
            assert!(!until.hold(&now(wall, trusted), 0), "{wall:?} {trusted}");
            assert_eq!(until.is_over(&now(wall, trusted)), trusted, "{wall:?}");
        }
        assert_eq!(until.next(&now(at(0, 0, 0), true), 0), Some(at(1, 0, 0)));
        assert_eq!(until.next(&now(at(1, 0, 0), true), 0), None);
    }
}
