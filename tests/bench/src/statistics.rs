//! Percentiles of a round, and their medians over rounds.

/// Percentiles, in microseconds.
#[derive(Clone, Copy)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
}

/// Percentiles of nanoseconds; by nearest rank, so that each is a value that was measured.
pub(crate) fn percentiles(mut ns: Vec<u64>) -> Percentiles {
    ns.sort_unstable();
    let rank = |percent: usize| {
        let rank = (ns.len() * percent).div_ceil(100).max(1);
        ns.get(rank - 1).copied().unwrap_or_default() as f64 / 1e3
    };
    Percentiles { p50: rank(50), p95: rank(95), p99: rank(99) }
}

/// The value in the middle; of an even number the lower one, zero of none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.into_iter().collect();
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or_default()
}

/// What a series came to, round by round.
#[derive(Default)]
pub(crate) struct Series(Vec<Percentiles>);

impl Series {
    /// Counts a round.
    pub(crate) fn round(&mut self, ns: Vec<u64>) {
        self.0.push(percentiles(ns));
    }

    /// Each percentile's median over the rounds.
    pub(crate) fn medians(&self) -> Percentiles {
        let of = |pick: fn(&Percentiles) -> f64| median(self.0.iter().map(pick));
        Percentiles { p50: of(|p| p.p50), p95: of(|p| p.p95), p99: of(|p| p.p99) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let Percentiles { p50, p95, p99 } = percentiles((1..=200).rev().map(|n| n * 1_000).collect());
        assert_eq!((p50, p95, p99), (100.0, 190.0, 198.0));
        let one = percentiles(vec![7_000]);
        assert_eq!((one.p50, one.p99), (7.0, 7.0));
    }

    #[test]
    fn a_median_is_the_middle_one() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.0);
        assert_eq!(median([]), 0.0);
    }
}
