//! Numbers about the gateway itself, for whoever watches it.

/// How a number moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only rises, from zero at each start of the daemon.
    Counter,
    /// It is as it is now.
    Gauge,
}

/// Numbers of one kind, told apart by one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, `[a-z_]+`, without the prefix that all of ours have.
    pub name: &'static str,
    /// What it counts, in one line.
    pub help: &'static str,
    /// How it moves.
    pub kind: MetricKind,
    /// What tells its numbers apart; empty when there is but one.
    pub label: &'static str,
    /// The label's value, and the number.
    pub numbers: Vec<(&'static str, u64)>,
}
