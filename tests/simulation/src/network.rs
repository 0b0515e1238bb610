//! Connections between boards and the gateway's edge, with all that can happen to what is said on them.

use crate::rng::Rng;
use gatehouse_core::device::SecretHash;
use gatehouse_core::ids::LinkId;

/// How bad the network of a world is.
#[derive(Clone, Debug)]
pub(crate) struct Weather {
    /// A message takes this long at most, mostly; microseconds.
    pub(crate) latency: u64,
    /// So many of a thousand messages take seconds.
    pub(crate) slow: u64,
    /// So many of a thousand connections lose, repeat and reorder. TCP does not, but the home must hold even then.
    pub(crate) chaotic: u64,
}

#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) board: usize,
    pub(crate) link: LinkId,
    /// What the board logged in with.
    pub(crate) presented: SecretHash,
    /// The start of the daemon it belongs to.
    pub(crate) run: u32,
    pub(crate) chaotic: bool,
    /// The board's end is there.
    pub(crate) board_side: bool,
    /// The gateway believes that it is.
    pub(crate) gateway_side: bool,
    /// What was under way when the board's end went away still arrives.
    pub(crate) keeps_in_flight: bool,
    last_up: u64,
    last_down: u64,
}

impl Conn {
    pub(crate) fn new(board: usize, link: LinkId, presented: SecretHash, run: u32, chaotic: bool) -> Self {
        let (last_up, last_down) = (0, 0);
        Self {
            board,
            link,
            presented,
            run,
            chaotic,
            board_side: true,
            gateway_side: true,
            keeps_in_flight: true,
            last_up,
            last_down,
        }
    }

    /// When a message to the gateway arrives: once, never, or several times.
    pub(crate) fn up(&mut self, t: u64, weather: &Weather, rng: &mut Rng) -> Vec<u64> {
        let (times, last) = arrivals(self.chaotic, self.last_up, t, weather, rng);
        self.last_up = last;
        times
    }

    /// When a message to the board arrives.
    pub(crate) fn down(&mut self, t: u64, weather: &Weather, rng: &mut Rng) -> Vec<u64> {
        let (times, last) = arrivals(self.chaotic, self.last_down, t, weather, rng);
        self.last_down = last;
        times
    }

    /// Whether something said on it reaches the home at all.
    pub(crate) fn delivers(&self) -> bool {
        self.chaotic || (self.gateway_side && (self.board_side || self.keeps_in_flight))
    }
}

fn arrivals(chaotic: bool, last: u64, t: u64, weather: &Weather, rng: &mut Rng) -> (Vec<u64>, u64) {
    let mut latency = || match rng.per_mille(weather.slow) {
        true => rng.between(200_000, 9_000_000),
        false => rng.between(200, weather.latency),
    };
    if !chaotic {
        let at = (t + latency()).max(last + 1);
        return (vec![at], at);
    }
    let first = t + latency();
    let second = t + latency();
    match rng.below(20) {
        0 => (Vec::new(), last),
        1 | 2 => (vec![first, second], last),
        _ => (vec![first], last),
    }
}
