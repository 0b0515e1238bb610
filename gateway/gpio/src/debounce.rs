//! A wall button behind metres of wire.

/// How long a level must stay without a break before it counts, milliseconds.
const STABLE_MS: u64 = 30;

/// Tells a press from contact bounce and from a spike on the wire. A button held while the gateway starts is no press.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Debouncer {
    level: bool,
    stable: bool,
    since_ms: u64,
}

impl Debouncer {
    /// A button that is, or is not, pressed to begin with.
    pub(crate) fn new(pressed: bool) -> Self {
        Self { level: pressed, stable: pressed, since_ms: 0 }
    }

    /// Takes the level as it is now; true once for each press.
    pub(crate) fn sample(&mut self, pressed: bool, now_ms: u64) -> bool {
        if pressed != self.level {
            (self.level, self.since_ms) = (pressed, now_ms);
        }
        if self.level == self.stable || now_ms.saturating_sub(self.since_ms) < STABLE_MS {
            return false;
        }
        self.stable = self.level;
        self.stable
    }

    /// Whether it counts as pressed.
    pub(crate) fn is_down(&self) -> bool {
        self.stable
    }

    /// Since when it is pressed without a break, where it counts as pressed.
    pub(crate) fn down_since_ms(&self) -> Option<u64> {
        (self.stable && self.level).then_some(self.since_ms)
    }

    /// When there is something to decide.
    pub(crate) fn due_ms(&self) -> Option<u64> {
        (self.level != self.stable).then_some(self.since_ms + STABLE_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_press_counts_once_it_was_held_and_bounce_does_not() {
        let mut button = Debouncer::new(false);
        for (pressed, at) in [(true, 0), (false, 4), (true, 9), (true, 30)] {
            assert!(!button.sample(pressed, at), "{at}");
        }
        assert_eq!(button.due_ms(), Some(39));
        assert!(button.sample(true, 39));
        assert!(!button.sample(true, 500), "one press is one");
        assert!(!button.sample(false, 510) && !button.sample(false, 540), "letting go is none");
        assert_eq!(button.due_ms(), None);
    }

    #[test]
    fn a_button_that_is_held_at_the_start_is_no_press() {
        let mut button = Debouncer::new(true);
        assert!(!button.sample(true, 1_000) && !button.sample(false, 2_000) && !button.sample(false, 2_030));
        assert!(!button.sample(true, 3_000) && button.sample(true, 3_030));
    }
}
