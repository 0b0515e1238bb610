//! What is asked of whom: how many commands are in flight, over which connections, for which relays.

use crate::fleet::Boards;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long one round may take before it counts as stuck.
pub(crate) const ROUND_TIMEOUT: Duration = Duration::from_secs(60);

/// One relay, both counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    pub(crate) board: usize,
    pub(crate) relay: usize,
}

/// A round's load.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    /// Commands that are open at a time, in all. Each has relays of its own: none ever supersedes another.
    pub(crate) in_flight: usize,
    /// Client connections they are spread over.
    pub(crate) connections: usize,
    /// Commands in all, about: every connection does its share.
    pub(crate) commands: usize,
}

/// One command at a time, over relays of its own in turn.
pub(crate) struct Lane {
    targets: Vec<Target>,
    turn: usize,
}

impl Lane {
    /// Which relay is next.
    pub(crate) fn next(&mut self) -> Target {
        let target = self.targets[self.turn % self.targets.len()];
        self.turn += 1;
        target
    }
}

impl Load {
    /// Commands of one connection.
    pub(crate) fn share(&self) -> usize {
        (self.commands / self.connections).max(1)
    }

    /// The lanes of each connection. A board belongs to one connection, and no relay to two lanes; a further relay of
    /// the boards is used only where there are more lanes than boards.
    pub(crate) fn lanes(&self, boards: usize) -> Vec<Vec<Lane>> {
        let relays = self.in_flight.div_ceil(boards);
        let of_connection = |connection: usize| {
            let targets = (0..relays).flat_map(|relay| (0..boards).map(move |board| Target { board, relay }));
            let targets: Vec<_> = targets.filter(|target| target.board % self.connections == connection).collect();
            let lanes = (self.in_flight / self.connections).max(1);
            let lane = |lane| targets.iter().skip(lane).step_by(lanes).copied().collect();
            (0..lanes).map(|number| Lane { targets: lane(number), turn: 0 }).collect()
        };
        (0..self.connections).map(of_connection).collect()
    }
}

/// What the generator last asked of every relay, or pressed.
pub(crate) struct Asked(Vec<Vec<AtomicBool>>);

impl Asked {
    /// All off, as boards begin.
    pub(crate) fn new(boards: usize, relays: usize) -> Self {
        Self((0..boards).map(|_| (0..relays).map(|_| AtomicBool::new(false)).collect()).collect())
    }

    /// The other state than before: what to ask now.
    pub(crate) fn flip(&self, target: Target) -> bool {
        !self.0[target.board][target.relay].fetch_xor(true, Ordering::Relaxed)
    }
}

/// What one round measured, each in nanoseconds from the moment before the command was written.
#[derive(Default)]
pub(crate) struct Taps {
    /// Until the board moved its relay.
    pub(crate) obeyed: Vec<u64>,
    /// Until the client had the answer that names the command.
    pub(crate) answered: Vec<u64>,
    /// Until a second client's subscription showed it; empty where there was none.
    pub(crate) seen: Vec<u64>,
    /// From the first command written to the last answer.
    pub(crate) took_ns: u64,
}

impl Taps {
    /// Counts a command whose answer is there.
    pub(crate) fn answered(&mut self, boards: &Boards, target: Target, sent_ns: u64, now_ns: u64) {
        self.obeyed.push(boards.moved_ns(target.board, target.relay).saturating_sub(sent_ns));
        self.answered.push(now_ns - sent_ns);
    }

    /// Adds what another connection measured in the same round.
    pub(crate) fn merge(&mut self, other: Self) {
        self.obeyed.extend(other.obeyed);
        self.answered.extend(other.answered);
        self.seen.extend(other.seen);
    }

    /// Commands answered a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.answered.len() as f64 / (self.took_ns.max(1) as f64 / 1e9)
    }
}
