//! What the status light says.

/// What the status light says; off, it says that the gateway does not run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Light {
    /// Nobody has claimed the gateway yet: half a second on, half a second off.
    #[default]
    Unclaimed,
    /// All is well: on.
    Well,
    /// A device is away, or a notice waits on the dashboard: on, with a short gap every two seconds.
    Attention,
    /// The home is being taken away: off.
    Leaving,
}

/// While the reset button is held: quickly on and off, in place of what it says else.
pub(crate) fn held(now_ms: u64) -> (bool, Option<u64>) {
    blink(now_ms, 250, 125)
}

fn blink(now_ms: u64, period: u64, on: u64) -> (bool, Option<u64>) {
    let begun = now_ms - now_ms % period;
    if now_ms - begun < on { (true, Some(begun + on)) } else { (false, Some(begun + period)) }
}

impl Light {
    /// Whether it is on at a time, and until when it stays so; none: for good.
    pub(crate) fn at(self, now_ms: u64) -> (bool, Option<u64>) {
        match self {
            Self::Well => (true, None),
            Self::Unclaimed => blink(now_ms, 1_000, 500),
            Self::Attention => blink(now_ms, 2_000, 1_800),
            Self::Leaving => (false, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_looks_like_no_other() {
        assert_eq!(Light::Well.at(12_345), (true, None));
        assert_eq!([0, 499, 500, 999, 1_000].map(|at| Light::Unclaimed.at(at).0), [true, true, false, false, true]);
        assert_eq!(
            [0, 1_799, 1_800, 1_999, 2_000].map(|at| Light::Attention.at(at).0),
            [true, true, false, false, true]
        );
        assert_eq!(Light::Leaving.at(12_345), (false, None));
        assert_eq!([0, 124, 125, 249, 250].map(|at| held(at).0), [true, true, false, false, true]);
        assert_eq!((Light::Unclaimed.at(3_100).1, Light::Attention.at(3_900).1), (Some(3_500), Some(4_000)));
    }
}
