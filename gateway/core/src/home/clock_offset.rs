//! What time it is on a board: its monotonic clock against the gateway's.

use crate::time::Mono;
use std::collections::VecDeque;
use std::time::Duration;

/// Samples older than this say nothing about a crystal that drifts.
const WINDOW: Duration = Duration::from_secs(600);
/// Samples within one bucket share a place, so that the window holds a bounded number.
const BUCKET: Duration = Duration::from_secs(10);

/// The largest `uptime - time of receipt` of the last ten minutes, in milliseconds. A message takes time to arrive,
/// which makes every sample too small, so the largest is the nearest, and a deadline computed from it errs early.
#[derive(Clone, Debug, Default)]
pub(super) struct ClockOffset {
    /// Rising in time, falling in offset: the front is the largest.
    samples: VecDeque<(Mono, i128)>,
}

impl ClockOffset {
    /// A message written at `uptime_ms` on the board's clock arrived at `received`.
    pub(super) fn sample(&mut self, uptime_ms: u64, received: Mono) {
        let offset = i128::from(uptime_ms) - i128::from(received.as_micros().div_ceil(1_000));
        while self.samples.back().is_some_and(|&(_, smaller)| smaller <= offset) {
            self.samples.pop_back();
        }
        if self.samples.back().is_none_or(|&(last, _)| received.since(last) >= BUCKET) {
            self.samples.push_back((received, offset));
        }
        self.forget(received);
    }

    fn forget(&mut self, now: Mono) {
        // The last one is kept however old: an old estimate beats none.
        while self.samples.len() > 1 && self.samples.front().is_some_and(|&(at, _)| now.since(at) > WINDOW) {
            self.samples.pop_front();
        }
    }

    /// The board's clock at `instant`, in its milliseconds, rounded down; none before the first sample.
    pub(super) fn on_board(&mut self, instant: Mono, now: Mono) -> Option<u64> {
        self.forget(now);
        let &(_, offset) = self.samples.front()?;
        let at = (i128::from(instant.as_millis()) + offset).clamp(0, i128::from(i64::MAX));
        u64::try_from(at).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> Mono {
        Mono::from_micros(millis * 1_000)
    }

    #[test]
    fn the_quickest_message_tells_the_time_and_it_errs_early() {
        let mut offset = ClockOffset::default();
        assert_eq!(offset.on_board(ms(1_000), ms(1_000)), None);
        // The board's clock is exactly 5,000 ms ahead; messages take 80, 3 and 40 ms.
        for (sent, took) in [(100, 80), (20_000, 3), (40_000, 40)] {
            offset.sample(sent + 5_000, ms(sent + took));
        }
        assert_eq!(offset.on_board(ms(60_000), ms(60_000)), Some(64_997));
    }

    #[test]
    fn an_old_quick_message_is_forgotten_after_ten_minutes_but_never_the_last() {
        let mut offset = ClockOffset::default();
        offset.sample(5_000, ms(0));
        offset.sample(304_990, ms(300_000));
        assert_eq!(offset.on_board(ms(600_000), ms(600_000)), Some(605_000));
        assert_eq!(offset.on_board(ms(600_001), ms(600_001)), Some(604_991));
        assert_eq!(offset.on_board(ms(9_000_000), ms(9_000_000)), Some(9_004_990));
    }

    #[test]
    fn it_stays_bounded_and_survives_absurd_clocks() {
        let mut offset = ClockOffset::default();
        for i in 0..100_000_u64 {
            offset.sample(1_000_000 - i, ms(i * 7));
        }
        assert!(offset.samples.len() <= 61, "{}", offset.samples.len());
        offset.sample(u64::MAX, ms(1));
        assert_eq!(offset.on_board(ms(10), ms(10)), Some(i64::MAX as u64));
    }
}
