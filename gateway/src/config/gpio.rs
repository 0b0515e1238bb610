//! Section `[gpio]`: what is wired to the header of this machine.

use super::Failure;
use gatehouse_core::board_settings::Wiring;
use gatehouse_core::device::MAX_RELAYS;
use gatehouse_gpio::{MAX_PIN, RelayPin, Wired};
use serde::Deserialize;

/// Keys of this section that the environment may set; relays are tables.
pub(super) const KEYS: &[&str] = &["enabled", "status_light", "reset_button"];
/// No pin.
const NONE: i64 = -1;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawGpio {
    enabled: bool,
    relays: Vec<RawRelay>,
    status_light: i64,
    reset_button: i64,
}

impl Default for RawGpio {
    fn default() -> Self {
        Self { enabled: false, relays: Vec::new(), status_light: NONE, reset_button: NONE }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelay {
    pin: i64,
    #[serde(default)]
    active_low: bool,
    #[serde(default)]
    normally_closed: bool,
    #[serde(default = "no_pin")]
    button: i64,
}

fn no_pin() -> i64 {
    NONE
}

impl RawGpio {
    /// What is wired; none when it is switched off. What stands there is checked all the same.
    pub(super) fn check(self) -> Result<Option<Wired>, Failure> {
        let mut taken: Vec<(u8, String)> = Vec::new();
        let mut take = |pin: i64, what: String| {
            let Some(pin) = u8::try_from(pin).ok().filter(|pin| *pin <= MAX_PIN) else {
                return Err(Failure::usage(format!(
                    "[gpio] {what} = {pin} is no pin: they are BCM numbers, 0 to {MAX_PIN}"
                )));
            };
            if let Some((_, other)) = taken.iter().find(|(known, _)| *known == pin) {
                return Err(Failure::usage(format!(
                    "[gpio] pin {pin} is both {other} and {what}: one pin does one thing"
                )));
            }
            taken.push((pin, what));
            Ok(pin)
        };
        let mut optional = |pin: i64, what: String| if pin == NONE { Ok(None) } else { take(pin, what).map(Some) };
        let mut relays = Vec::new();
        for (index, RawRelay { pin, active_low, normally_closed, button }) in self.relays.into_iter().enumerate() {
            let what = |key| format!("{key} of relay {}", index + 1);
            // A relay without a pin is refused as any other number is that is none.
            let Some(pin) = optional(pin, what("pin"))? else {
                return Err(Failure::usage(format!("[gpio] {} is missing", what("pin"))));
            };
            let wiring = Wiring { normally_closed, active_low };
            relays.push(RelayPin { pin, wiring, button: optional(button, what("button"))? });
        }
        if relays.len() > MAX_RELAYS {
            return Err(Failure::usage(format!("[gpio] has more than {MAX_RELAYS} relays")));
        }
        let status_light = optional(self.status_light, "status_light".to_owned())?;
        let reset_button = optional(self.reset_button, "reset_button".to_owned())?;
        let wired = Wired { relays, status_light, reset_button };
        if self.enabled && wired == Wired::default() {
            return Err(Failure::usage(
                "[gpio] enabled = true, and nothing is wired: name relays, such as relays = [{ pin = 17 }]".to_owned(),
            ));
        }
        Ok(self.enabled.then_some(wired))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str) -> Result<Option<Wired>, String> {
        let raw: RawGpio = toml::from_str(text).map_err(|error| error.to_string())?;
        raw.check().map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn it_is_off_unless_switched_on() {
        assert_eq!(checked(""), Ok(None));
        assert_eq!(checked("relays = [{ pin = 17 }]"), Ok(None));
    }

    #[test]
    fn relays_have_a_pin_a_wiring_and_maybe_a_button() {
        let wired = checked(
            "enabled = true\nstatus_light = 0\n\
             relays = [{ pin = 17, active_low = true, button = 27 }, { pin = 4, normally_closed = true }]",
        );
        let wired = wired.unwrap().unwrap();
        let relay = |pin, normally_closed, active_low, button| {
            let wiring = Wiring { normally_closed, active_low };
            RelayPin { pin, wiring, button }
        };
        assert_eq!(wired.relays, [relay(17, false, true, Some(27)), relay(4, true, false, None)]);
        assert_eq!(wired.status_light, Some(0));
    }

    #[test]
    fn a_reset_button_needs_nothing_beside_it() {
        let wired = checked("enabled = true\nreset_button = 3").unwrap().unwrap();
        assert_eq!(wired, Wired { reset_button: Some(3), ..Wired::default() });
    }

    #[test]
    fn what_cannot_be_wired_so_is_refused() {
        for (text, why) in [
            ("enabled = true", "nothing is wired"),
            ("relays = [{ pin = 28 }]", "pin of relay 1 = 28 is no pin"),
            ("relays = [{ pin = -1 }]", "pin of relay 1 is missing"),
            ("relays = [{ pin = 4, button = 99 }]", "button of relay 1 = 99"),
            ("status_light = -2", "status_light = -2"),
            ("relays = [{ pin = 4 }, { pin = 17, button = 4 }]", "pin 4 is both pin of relay 1 and button of relay 2"),
            ("status_light = 4\nrelays = [{ pin = 4 }]", "pin 4 is both"),
            ("reset_button = 28", "reset_button = 28 is no pin"),
            ("reset_button = 4\nstatus_light = 4", "pin 4 is both status_light and reset_button"),
            ("reset_button = 4\nrelays = [{ pin = 17, button = 4 }]", "both button of relay 1 and reset_button"),
            ("relays = [{ active_low = true }]", "missing field `pin`"),
            ("relays = [{ pin = 4, power_on = \"on\" }]", "power_on"),
        ] {
            let refused = checked(text).unwrap_err();
            assert!(refused.contains(why), "{text}: {refused}");
        }
    }
}
