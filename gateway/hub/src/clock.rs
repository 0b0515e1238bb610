//! The only reader of time.

use gatehouse_core::time::{Mono, Now, Wall};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::SystemTime;
use tokio::time::Instant;

/// How often, in microseconds, the kernel is asked again whether it knows the time.
const TRUST_CHECK_EVERY: u64 = 5_000_000;

/// Reads the clocks. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    start: Instant,
    trust: Arc<Trust>,
}

#[derive(Debug)]
struct Trust {
    trusted: AtomicBool,
    check_at: AtomicU64,
}

impl Clock {
    /// A clock that starts now.
    pub fn start() -> Self {
        let trust =
            Trust { trusted: AtomicBool::new(kernel_knows_the_time()), check_at: AtomicU64::new(TRUST_CHECK_EVERY) };
        Self { start: Instant::now(), trust: Arc::new(trust) }
    }

    /// The same, believed from the start: somebody vouches for what the wall clock says.
    pub fn vouched_for() -> Self {
        let clock = Self::start();
        clock.trust.trusted.store(true, Ordering::Relaxed);
        clock
    }

    /// What the clocks say now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    pub fn now(&self) -> Now {
        let mono = Mono::from_micros(u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX));
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let wall = Wall::from_millis(u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX));
        Now { mono, wall, wall_trusted: self.trusted(mono) }
    }

    /// When `mono` is, for a timer.
    pub(crate) fn instant(&self, mono: Mono) -> Instant {
        self.start + std::time::Duration::from_micros(mono.as_micros())
    }

    fn trusted(&self, mono: Mono) -> bool {
        if !self.trust.trusted.load(Ordering::Relaxed) {
            let now = mono.as_micros();
            let due = self.trust.check_at.load(Ordering::Relaxed);
            let mine = now >= due
                && self
                    .trust
                    .check_at
                    .compare_exchange(due, now + TRUST_CHECK_EVERY, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok();
            if mine {
                self.trust.trusted.store(kernel_knows_the_time(), Ordering::Relaxed);
            }
        }
        self.trust.trusted.load(Ordering::Relaxed)
    }
}

/// A real-time clock is there, or systemd-timesyncd has set the time since boot (systemd-timesyncd(8)).
fn kernel_knows_the_time() -> bool {
    let has_rtc = std::fs::read_dir("/sys/class/rtc").is_ok_and(|mut clocks| clocks.next().is_some());
    has_rtc || Path::new("/run/systemd/timesync/synchronized").exists()
}
