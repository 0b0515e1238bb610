//! The button that takes the home away: only who means it holds it that long.

use crate::debounce::Debouncer;

/// How long it is to be held, without a break, milliseconds.
pub(crate) const HOLD_MS: u64 = 10_000;

/// What became of the button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hold {
    /// It is down.
    Begun,
    /// It was let go before its time, and all stays as it is.
    LetGo,
    /// It was held for its time.
    Complete,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Down since before the gateway started: stuck, shorted, or somebody's finger. It counts once it was seen up.
    Unseen,
    Up,
    Down,
    /// Down, and what it asks was asked.
    Spent,
}

/// Tells a hold from a press, from a button that sticks, and from a loose wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResetButton {
    button: Debouncer,
    phase: Phase,
}

impl ResetButton {
    /// A button that is, or is not, down to begin with.
    pub(crate) fn new(down: bool) -> Self {
        Self { button: Debouncer::new(down), phase: if down { Phase::Unseen } else { Phase::Up } }
    }

    /// Takes the level as it is now. Any break, be it too short for letting go, begins the time anew.
    pub(crate) fn sample(&mut self, down: bool, now_ms: u64) -> Option<Hold> {
        self.button.sample(down, now_ms);
        let (next, said) = match (self.phase, self.button.is_down()) {
            (Phase::Up, true) => (Phase::Down, Some(Hold::Begun)),
            (Phase::Down, false) => (Phase::Up, Some(Hold::LetGo)),
            (Phase::Unseen | Phase::Spent, false) => (Phase::Up, None),
            (Phase::Down, true) if self.complete_ms().is_some_and(|complete| complete <= now_ms) => {
                (Phase::Spent, Some(Hold::Complete))
            }
            (phase, _) => (phase, None),
        };
        self.phase = next;
        said
    }

    /// Whether it counts as held, and its time is not over yet.
    pub(crate) fn is_held(&self) -> bool {
        self.phase == Phase::Down
    }

    /// Whether it was down from the start on, and is.
    pub(crate) fn is_stuck(&self) -> bool {
        self.phase == Phase::Unseen
    }

    /// When there is something to decide.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        self.button.due_ms().into_iter().chain(self.complete_ms()).min()
    }

    fn complete_ms(&self) -> Option<u64> {
        self.button.down_since_ms().filter(|_| self.is_held()).map(|since| since + HOLD_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hold_of_ten_seconds_counts_and_counts_once() {
        let mut button = ResetButton::new(false);
        assert_eq!((button.sample(true, 1_000), button.due_ms()), (None, Some(1_030)));
        assert_eq!((button.sample(true, 1_030), button.due_ms()), (Some(Hold::Begun), Some(11_000)));
        assert!(button.sample(true, 10_999).is_none() && button.is_held());
        assert_eq!(button.sample(true, 11_000), Some(Hold::Complete));
        assert!(!button.is_held());
        assert_eq!((button.sample(true, 60_000), button.due_ms()), (None, None), "it is asked once");
        for (down, at) in [(false, 61_000), (false, 61_030), (true, 62_000)] {
            assert_eq!(button.sample(down, at), None);
        }
        assert_eq!(button.sample(true, 62_030), Some(Hold::Begun), "and again by another hold");
    }

    #[test]
    fn let_go_before_its_time_it_asks_nothing() {
        let mut button = ResetButton::new(false);
        button.sample(true, 0);
        assert_eq!(button.sample(true, 30), Some(Hold::Begun));
        assert_eq!((button.sample(false, 9_990), button.due_ms()), (None, Some(10_020)));
        assert_eq!(button.sample(false, 10_020), Some(Hold::LetGo), "ten seconds are over, but not of holding");
        assert!(!button.is_held() && button.due_ms().is_none());
        let presses = [(true, 20_000), (false, 20_010), (true, 20_020), (false, 20_040)];
        assert!(presses.iter().all(|(down, at)| button.sample(*down, *at).is_none()), "a spike is nothing at all");
    }

    #[test]
    fn a_break_begins_the_time_anew_however_short_it_is() {
        let mut button = ResetButton::new(false);
        button.sample(true, 0);
        button.sample(true, 30);
        assert_eq!((button.sample(false, 9_000), button.sample(true, 9_005)), (None, None), "no letting go either");
        assert!(button.is_held());
        assert_eq!((button.sample(true, 10_000), button.due_ms()), (None, Some(19_005)));
        assert_eq!(button.sample(true, 19_004), None);
        assert_eq!(button.sample(true, 19_005), Some(Hold::Complete));
    }

    #[test]
    fn one_that_is_down_at_the_start_counts_once_it_was_seen_up() {
        let mut button = ResetButton::new(true);
        assert!(button.is_stuck() && button.due_ms().is_none());
        assert_eq!((button.sample(true, 10_000), button.sample(true, 3_600_000)), (None, None));
        assert_eq!((button.sample(false, 3_700_000), button.sample(true, 3_700_010)), (None, None));
        assert!(button.is_stuck(), "a loose wire was not let go");
        assert_eq!((button.sample(false, 3_800_000), button.sample(false, 3_800_030)), (None, None));
        assert!(!button.is_stuck());
        button.sample(true, 3_900_000);
        assert_eq!(button.sample(true, 3_900_030), Some(Hold::Begun));
        assert_eq!(button.sample(true, 3_910_000), Some(Hold::Complete));
    }
}
