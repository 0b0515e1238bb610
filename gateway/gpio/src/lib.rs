//! The header of the machine that the gateway runs on, as a board inside the process: relays, wall buttons, a status light and a reset
//! button at pins of a Raspberry Pi, called by their BCM numbers.
//!
//! It goes by the rules of a board ([`firmware/lib/core`](../../../firmware/lib/core)): a pin is written and read back, and what it reads
//! is what is reported, with the name of the order that was obeyed; settings are its own to keep, on disk before they hold; buttons,
//! pulses and interlocks need no home. It says the same words as a board and takes the same orders, but over channels: nothing of it
//! passes MQTT, and nobody else hears it.
//!
//! Unlike a board it does not lose its relays when it starts over: the kernel keeps the pins as they are while the gateway is away, so
//! that an update moves nothing. Only after a boot of the machine do relays go by their power-on setting.

mod board;
mod debounce;
mod kept;
mod light;
mod pins;
mod relays;
mod reset_button;
mod rppal;
mod task;

pub use board::{Board, HeaderOrder};
pub use kept::Kept;
pub use light::Light;
pub use pins::{OpenError, Pins};
pub use rppal::{RaspberryPi, boot_id};
pub use task::{Ends, run};

#[cfg(test)]
extern crate self as gatehouse_gpio;
/// What the tests from outside use, for those that must reach inside.
#[cfg(test)]
#[path = "../tests/header/wires.rs"]
mod wires;

use gatehouse_core::board_settings::Wiring;
use gatehouse_core::name::Endpoint;

/// Pins of a header have BCM numbers from 0 to this.
pub const MAX_PIN: u8 = 27;

/// A relay at a pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayPin {
    /// Its BCM number.
    pub pin: u8,
    /// How the relay is connected.
    pub wiring: Wiring,
    /// The pin of its wall button, which connects it to ground; the header's own resistor holds it up.
    pub button: Option<u8>,
}

/// Which pins are used, and for what. No pin may be named twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wired {
    /// Relays.
    pub relays: Vec<RelayPin>,
    /// The pin of a light that is on while the pin is high.
    pub status_light: Option<u8>,
    /// The pin of a button to ground that asks for a factory reset when it is held.
    pub reset_button: Option<u8>,
}

/// What switches the relay at a pin: called by the pin, so that it stays the same switch whatever else is wired.
pub fn endpoint(pin: u8) -> Endpoint {
    Endpoint::header_pin(pin)
}
