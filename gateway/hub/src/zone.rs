//! How far the home's clocks are from UTC. The rules of all zones come with the program: a home's hours must not hang on what
//! is installed beside it.

use gatehouse_core::time::Wall;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Minutes that an IANA zone is east of UTC at a time; 0 when there is no such zone.
pub(crate) fn minutes_east(zone: &str, wall: Wall) -> i16 {
    let at = i64::try_from(wall.as_millis()).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    let seconds = named(zone).zip(at).map_or(0, |(zone, at)| zone.to_offset(at).seconds());
    i16::try_from(seconds / 60).unwrap_or_default()
}

/// Whether there is an IANA zone of this very name.
pub(crate) fn exists(zone: &str) -> bool {
    named(zone).is_some()
}

/// The library takes names in whatever case, and other systems do not.
fn named(zone: &str) -> Option<TimeZone> {
    TimeZone::get(zone).ok().filter(|found| found.iana_name() == Some(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_goes_by_its_iana_name() {
        for zone in ["Europe/Vienna", "Etc/UTC", "UTC", "America/Argentina/Buenos_Aires"] {
            assert!(exists(zone), "{zone}");
        }
        for zone in ["", "Vienna", "europe/vienna", "Europe/Vienna ", "+01:00", "Europe/Atlantis", "../etc/passwd"] {
            assert!(!exists(zone), "{zone}");
        }
    }

    #[test]
    fn clocks_are_put_forward_and_back() {
        // 29 March 2026, 01:00 UTC, and 25 October 2026, 01:00 UTC: Directive 2000/84/EC.
        for (zone, seconds, east) in [
            ("Europe/Vienna", 1_774_745_999, 60),
            ("Europe/Vienna", 1_774_746_000, 120),
            ("Europe/Vienna", 1_792_889_999, 120),
            ("Europe/Vienna", 1_792_890_000, 60),
            ("Asia/Kathmandu", 1_774_746_000, 345),
            ("America/New_York", 1_768_000_000, -300),
            ("Etc/UTC", 0, 0),
            ("no such zone", 1_774_746_000, 0),
        ] {
            assert_eq!(minutes_east(zone, Wall::from_millis(seconds * 1_000)), east, "{zone} {seconds}");
        }
        assert_eq!(minutes_east("Europe/Vienna", Wall::from_millis(u64::MAX)), 0);
    }
}
