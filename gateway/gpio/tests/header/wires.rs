//! Pins without a header: levels in memory, which a test sees and holds.

use gatehouse_gpio::Pins;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

#[derive(Debug, Default)]
struct Levels {
    outputs: BTreeMap<u8, bool>,
    inputs: BTreeMap<u8, bool>,
    stuck: BTreeSet<u8>,
    writes: Vec<(u8, bool)>,
}

/// Cheap to clone: who holds one holds the wires.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wires(Arc<Mutex<Levels>>);

impl Wires {
    /// The level of an output; none while nobody drives it.
    pub(crate) fn level(&self, pin: u8) -> Option<bool> {
        self.0.lock().unwrap().outputs.get(&pin).copied()
    }

    /// Every write so far.
    #[allow(dead_code, reason = "the tests from outside look at levels")]
    pub(crate) fn writes(&self) -> Vec<(u8, bool)> {
        self.0.lock().unwrap().writes.clone()
    }

    /// A button that is pressed connects its pin to ground.
    pub(crate) fn press(&self, pin: u8, pressed: bool) {
        self.0.lock().unwrap().inputs.insert(pin, !pressed);
    }

    /// The pin keeps its level from now on, whatever is written.
    #[allow(dead_code, reason = "the tests from outside have good pins")]
    pub(crate) fn stick(&self, pin: u8) {
        self.0.lock().unwrap().stuck.insert(pin);
    }
}

impl Pins for Wires {
    fn driven(&self, pin: u8) -> Option<bool> {
        self.level(pin)
    }

    fn write(&mut self, pin: u8, high: bool) {
        let mut levels = self.0.lock().unwrap();
        levels.writes.push((pin, high));
        if !levels.stuck.contains(&pin) {
            levels.outputs.insert(pin, high);
        }
    }

    fn read(&self, pin: u8) -> bool {
        let levels = self.0.lock().unwrap();
        levels.outputs.get(&pin).or(levels.inputs.get(&pin)).copied().unwrap_or(!levels.outputs.contains_key(&pin))
    }
}
