//! Boards that are not, or do not say that they are, the hardware that their device was claimed with.

use crate::onboarding::Hardware;
use crate::time::Wall;
use std::sync::Arc;

/// What is wrong with a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Suspicion {
    /// Its chip id or its MAC address is another.
    OtherHardware,
    /// It wanted to take commands before it had told both.
    Withheld,
}

/// A board that logged in and is not believed. It is connected and shown; nothing that it says is acted on, and nothing is
/// sent to it, until its connection ends or the owner takes it for the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// Why.
    pub why: Suspicion,
    /// The chip id on record.
    pub expected_chip: Arc<str>,
    /// The MAC address on record.
    pub expected_mac: Arc<str>,
    /// The chip id that it told; none when it told none.
    pub chip: Option<Arc<str>>,
    /// The MAC address that it told; none when it told none.
    pub mac: Option<Arc<str>>,
    /// Since when; none when the clock was not trusted then.
    pub since: Option<Wall>,
}

impl Quarantine {
    /// What was expected and what came, for people: within a sentence, without its end.
    pub fn difference(&self) -> String {
        let told = |what, told: &Option<Arc<str>>| match told {
            Some(told) => format!("{what} {told}"),
            None => format!("no {what}"),
        };
        let (chip, mac) = (told("chip", &self.chip), told("MAC", &self.mac));
        format!("expected chip {} and MAC {}, came {chip} and {mac}", self.expected_chip, self.expected_mac)
    }

    /// What is wrong, for people.
    pub fn message(&self) -> String {
        let what = match self.why {
            Suspicion::OtherHardware => "Another board came with this device's name and secret",
            Suspicion::Withheld => "The board that came did not say who it is",
        };
        format!("{what}: {}.", self.difference())
    }
}

/// Who a board says that it is, on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) chip: Option<Arc<str>>,
    pub(crate) mac: Option<Arc<str>>,
    pub(crate) model: Option<Arc<str>>,
    pub(crate) firmware: Option<Arc<str>>,
}

/// What is to be thought of a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It has not told all yet, and does not want anything yet.
    Unproven,
    /// It is what is on record, or nothing is.
    Believed,
    /// It is not to be believed.
    Suspect(Suspicion),
}

/// Judges a board by the record of its device; `ready` when it wants to take commands.
pub(crate) fn judge(record: Option<&Hardware>, told: &Told, ready: bool) -> Verdict {
    let Some(record) = record else { return Verdict::Believed };
    let same = |told: &Option<Arc<str>>, known: &str| told.as_ref().map(|told| told.eq_ignore_ascii_case(known));
    match (same(&told.chip, &record.chip), same(&told.mac, &record.mac)) {
        (Some(true), Some(true)) => Verdict::Believed,
        // Until both are told or it wants something there is nothing to decide, and the owner is to hear of both.
        (None, _) | (_, None) if !ready => Verdict::Unproven,
        (Some(false), _) | (_, Some(false)) => Verdict::Suspect(Suspicion::OtherHardware),
        _ => Verdict::Suspect(Suspicion::Withheld),
    }
}

impl Told {
    /// The record of a device whose board is this. None while it has not told who it is.
    pub(crate) fn recorded(&self, known: Option<&Hardware>) -> Option<Hardware> {
        let text = |told: &Option<Arc<str>>, known: Option<&Arc<str>>| {
            told.clone().or_else(|| known.cloned()).unwrap_or_else(|| Arc::from(""))
        };
        let same = |known: &&Hardware| judge(Some(known), self, false) == Verdict::Believed;
        Some(Hardware {
            chip: self.chip.clone()?,
            mac: self.mac.clone()?,
            model: text(&self.model, known.map(|known| &known.model)),
            firmware: text(&self.firmware, known.map(|known| &known.firmware)),
            // Where other hardware was plugged in says nothing of this.
            port: known.filter(same).and_then(|known| known.port.clone()),
        })
    }

    /// What of model and firmware is another than on record, for people: within a sentence; none when nothing is.
    pub(crate) fn renewal(&self, record: &Hardware) -> Option<String> {
        let other = |what, told: &Option<Arc<str>>, known: &str| {
            let told = told.as_ref().filter(|told| ***told != *known && !known.is_empty())?;
            Some(format!("{what} {told} instead of {known}"))
        };
        let firmware = other("firmware", &self.firmware, &record.firmware);
        let parts: Vec<_> = firmware.into_iter().chain(other("model", &self.model, &record.model)).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> Hardware {
        let [chip, mac, model, firmware] = ["a1b2c3", "5c:cf:7f:a1:b2:c3", "nodemcuv2", "0.1.0"].map(Arc::from);
        Hardware { chip, mac, model, firmware, port: Some("1-1.3".into()) }
    }

    fn told(chip: Option<&str>, mac: Option<&str>) -> Told {
        Told { chip: chip.map(Into::into), mac: mac.map(Into::into), ..Told::default() }
    }

    #[test]
    fn one_of_both_that_differs_is_enough_and_both_must_be_told_before_it_is_ready() {
        let (record, other) = (record(), Some("another"));
        let (chip, mac) = (Some("A1B2C3"), Some("5C:CF:7F:A1:B2:C3"));
        let judged = |told: Told, ready| judge(Some(&record), &told, ready);
        for ready in [false, true] {
            assert_eq!(judged(told(chip, mac), ready), Verdict::Believed, "letters may be large");
            for told in [told(other, mac), told(chip, other), told(other, other)] {
                assert_eq!(judged(told, ready), Verdict::Suspect(Suspicion::OtherHardware));
            }
            assert_eq!(judge(None, &told(other, None), ready), Verdict::Believed, "nothing to compare with");
        }
        for told in [told(other, None), told(None, other)] {
            assert_eq!(judged(told.clone(), false), Verdict::Unproven);
            assert_eq!(judged(told, true), Verdict::Suspect(Suspicion::OtherHardware));
        }
        for told in [told(None, None), told(chip, None), told(None, mac)] {
            assert_eq!(judged(told.clone(), false), Verdict::Unproven);
            assert_eq!(judged(told, true), Verdict::Suspect(Suspicion::Withheld));
        }
    }

    #[test]
    fn what_is_recorded_is_what_it_said_and_a_port_stays_with_its_hardware() {
        let known = record();
        let same = Told { firmware: Some("0.2.0".into()), ..told(Some("a1b2c3"), Some("5c:cf:7f:a1:b2:c3")) };
        let renewed = same.recorded(Some(&known)).unwrap();
        assert_eq!(renewed, Hardware { firmware: "0.2.0".into(), ..known.clone() });
        assert_eq!(same.renewal(&known).as_deref(), Some("firmware 0.2.0 instead of 0.1.0"));
        assert_eq!(same.renewal(&renewed), None);
        let other = told(Some("ffffff"), Some("5c:cf:7f:ff:ff:ff")).recorded(Some(&known)).unwrap();
        assert_eq!((&*other.chip, &*other.firmware, other.port), ("ffffff", "0.1.0", None));
        assert_eq!(told(Some("ffffff"), None).recorded(Some(&known)), None);
        assert_eq!(told(Some("x"), Some("y")).recorded(None).unwrap().firmware, "".into());
    }

    #[test]
    fn people_are_told_what_was_expected_and_what_came() {
        let quarantine = Quarantine {
            why: Suspicion::OtherHardware,
            expected_chip: "a1b2c3".into(),
            expected_mac: "5c:cf:7f:a1:b2:c3".into(),
            chip: Some("ffffff".into()),
            mac: None,
            since: None,
        };
        assert!(quarantine.message().starts_with("Another board came"));
        let told = "expected chip a1b2c3 and MAC 5c:cf:7f:a1:b2:c3, came chip ffffff and no MAC";
        assert_eq!(quarantine.difference(), told);
        let withheld = Quarantine { why: Suspicion::Withheld, ..quarantine };
        assert_eq!(withheld.message(), format!("The board that came did not say who it is: {told}."));
    }
}
