//! One seed is one world: the home's rules under a hostile network.
//!
//! A world has people who tap, claim, sign in, arrange rooms, invite, share, take back and leave, guests by links, programs with tokens, all of
//! whom tend their accounts (passwords, one-time codes, addresses, identities at providers) and also ask by rights that have ended since, integrations that tap too, a few boards that do as `gateway/wire/PROTOCOL.md` says,
//! a network that is slow, loses, repeats, reorders and falls silent, a disk that is late or fails, a wall clock that
//! steps and cannot always be trusted, and a gateway that crashes and stops. All of it hangs on one number. A judge watches every input and
//! effect, knows what the boards really did, and works out for itself who may see and move what; at the end everything is repaired and
//! everyone must see what the pins are.

mod accounts;
mod board;
mod boards_live;
mod disk;
mod facts;
mod gateway_lives;
mod integrations;
mod network;
mod oracle;
mod people;
mod rng;
mod sharing;
mod totals;
mod trace;
mod world;

pub use totals::Totals;

use std::panic::{AssertUnwindSafe, catch_unwind};
use trace::Trace;
use world::World;

/// A world in which a promise was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its seed.
    pub seed: u64,
    /// The promise, as far as it can be said in a line.
    pub promise: String,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seed {} fails: {}\nreplay it: make simulate SEED={}", self.seed, self.promise, self.seed)
    }
}

impl std::error::Error for Broken {}

/// Simulates the world of a seed, a little more than an hour of it.
pub fn simulate(seed: u64) -> Result<Totals, Broken> {
    outcome(seed, None)
}

/// Simulates the world of a seed and tells what happens in it, line by line.
pub fn simulate_telling(seed: u64, tell: &mut dyn FnMut(String)) -> Result<Totals, Broken> {
    outcome(seed, Some(tell))
}

fn outcome(seed: u64, tell: Option<&mut dyn FnMut(String)>) -> Result<Totals, Broken> {
    catch_unwind(AssertUnwindSafe(|| World::new(seed, Trace(tell)).run())).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        Broken { seed, promise: text.unwrap_or_else(|| "a panic without words".to_owned()) }
    })
}
