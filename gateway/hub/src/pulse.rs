//! A sign of life, given by the loop itself.

use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// Called again and again.
pub(crate) struct Pulse {
    every: Duration,
    due: Instant,
    call: Box<dyn FnMut() + Send>,
}

impl Pulse {
    /// Due at once, and `every` after each beat.
    pub(crate) fn new(every: Duration, call: Box<dyn FnMut() + Send>) -> Self {
        Self { every, due: Instant::now(), call }
    }

    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    pub(crate) fn beat(&mut self) {
        (self.call)();
        self.due = Instant::now() + self.every;
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pulse").field("every", &self.every).field("due", &self.due).finish_non_exhaustive()
    }
}
