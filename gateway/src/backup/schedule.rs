//! When a backup is due, and which ones go. No clock, no file.

use crate::config::Backups as Rules;
use gatehouse_core::backup::Backup;
use gatehouse_core::time::Wall;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::time::Duration;

/// The hour of the night, in the home's zone, at which a backup is made.
const HOUR: i8 = 3;
/// Between backups, where the clock cannot be believed.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The last time before `now` at which a backup was to be made.
fn last_night(now: Wall, zone: &str) -> Option<Wall> {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let now = Timestamp::from_millisecond(i64::try_from(now.as_millis()).ok()?).ok()?.to_zoned(zone);
    let tonight = now.with().hour(HOUR).minute(0).second(0).subsec_nanosecond(0).build().ok()?;
    let last = if tonight <= now { tonight } else { tonight.checked_sub(1.day()).ok()? };
    Some(Wall::from_millis(u64::try_from(last.timestamp().as_millisecond()).ok()?))
}

/// Whether a backup is due: there is none, or a night has come since the newest. While the clock cannot be believed, once a day:
/// `since` the last one, or since the start.
pub(super) fn is_due(newest: Option<&Backup>, now: Option<Wall>, zone: &str, since: Duration) -> bool {
    let Some(newest) = newest else { return true };
    match now {
        // One from the future was made by a clock that was wrong.
        Some(now) => newest.made_at > now || last_night(now, zone).is_some_and(|night| newest.made_at < night),
        None => since >= DAY,
    }
}

/// Those that go, of `kept`, the newest first: beyond the number, or older than the days, but never the newest.
pub(super) fn goes<'a>(kept: &'a [Backup], rules: &Rules, now: Option<Wall>) -> Vec<&'a Backup> {
    let life = Duration::from_secs(rules.days * 24 * 60 * 60).as_millis() as u64;
    let old =
        |backup: &Backup| now.is_some_and(|now| now.as_millis().saturating_sub(backup.made_at.as_millis()) > life);
    kept.iter()
        .enumerate()
        .skip(1)
        .filter(|(place, backup)| *place >= rules.keep || old(backup))
        .map(|(_, b)| b)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Wall {
        let at: Timestamp = text.parse().unwrap();
        Wall::from_millis(at.as_millisecond() as u64)
    }

    fn backup(made: &str) -> Backup {
        Backup { name: made.into(), bytes: 1, made_at: at(made) }
    }

    #[test]
    fn one_is_due_each_night_at_three_in_the_homes_zone() {
        let due = |newest: &str, now: &str| is_due(Some(&backup(newest)), Some(at(now)), "Europe/Vienna", DAY);
        assert!(
            is_due(None, Some(at("2026-11-27T12:00:00Z")), "Europe/Vienna", Duration::ZERO),
            "the first one at once"
        );
        assert!(!due("2026-11-27T01:59:00Z", "2026-11-27T01:59:59Z"), "02:59 there");
        assert!(due("2026-11-27T01:59:00Z", "2026-11-27T02:00:00Z"), "03:00 there");
        assert!(!due("2026-11-27T02:00:00Z", "2026-11-28T01:59:00Z"));
        assert!(due("2026-11-27T02:00:00Z", "2026-11-28T02:00:00Z"));
        assert!(due("2026-06-01T00:00:00Z", "2026-06-01T01:00:00Z"), "in summer it is another hour");
        assert!(due("2026-11-20T00:00:00Z", "2026-11-27T12:00:00Z"), "after days without power");
        assert!(due("2031-01-01T00:00:00Z", "2026-11-27T12:00:00Z"), "the clock was wrong");
        assert!(is_due(Some(&backup("2026-11-27T01:00:00Z")), Some(at("2026-11-27T03:00:00Z")), "no zone", DAY), "UTC");
    }

    #[test]
    fn without_a_clock_a_day_counts_from_the_start_or_the_last_one() {
        let newest = backup("2026-11-27T02:00:00Z");
        let due = |since: u64| is_due(Some(&newest), None, "UTC", Duration::from_secs(since));
        assert!(due(86_400) && !due(86_399) && !due(0), "a restart is no reason for one");
        assert!(is_due(None, None, "UTC", Duration::ZERO), "but the first one is made at once");
    }

    #[test]
    fn the_newest_are_kept_and_none_for_too_long() {
        let rules = |keep, days| Rules { directory: None, make_directory: false, keep, days };
        let kept: Vec<_> = ["2026-11-27", "2026-11-26", "2026-11-25", "2026-01-01"]
            .map(|day| backup(&format!("{day}T03:00:00Z")))
            .into();
        let now = Some(at("2026-11-27T12:00:00Z"));
        let gone = |keep, days, now| -> Vec<String> {
            goes(&kept, &rules(keep, days), now).iter().map(|b| b.name[..10].to_owned()).collect()
        };
        assert_eq!(gone(14, 90, now), ["2026-01-01"]);
        assert_eq!(gone(2, 90, now), ["2026-11-25", "2026-01-01"]);
        assert_eq!(gone(14, 90, None), [""; 0], "a clock that cannot be believed makes nothing old");
        assert_eq!(gone(1, 1, Some(at("2030-01-01T00:00:00Z"))), ["2026-11-26", "2026-11-25", "2026-01-01"]);
        assert!(goes(&[], &rules(1, 1), now).is_empty());
    }
}
