//! What can be set of a board, as `PROTOCOL.md` ("Settings of a board") writes it.

use super::payload;
use gatehouse_core::board_settings::{ConfigOrder, MAX_INTERLOCK, PowerOn, Pulse, RelaySetting, Wiring, Wish};
use gatehouse_core::name::Endpoint;

const POLICIES: [(PowerOn, &str); 3] = [(PowerOn::Off, "off"), (PowerOn::On, "on"), (PowerOn::Restore, "restore")];

const WIRINGS: [(Wiring, &str); 4] = [
    (Wiring { normally_closed: false, active_low: false }, "no-high"),
    (Wiring { normally_closed: false, active_low: true }, "no-low"),
    (Wiring { normally_closed: true, active_low: false }, "nc-high"),
    (Wiring { normally_closed: true, active_low: true }, "nc-low"),
];

fn find<T: Copy>(words: &[(T, &'static str)], text: &str) -> Option<T> {
    words.iter().find(|(_, word)| *word == text).map(|(value, _)| *value)
}

fn word<T: Copy + PartialEq>(words: &[(T, &'static str)], value: T) -> &'static str {
    words.iter().find(|(known, _)| *known == value).map_or("", |(_, word)| word)
}

/// What a board's property says of a relay: the endpoint by which that is switched, and the setting. Other boards may have
/// properties of these names that mean something else; what is not one of ours is nothing to us.
pub(super) fn read(endpoint: &Endpoint, payload: &[u8]) -> Option<(Endpoint, RelaySetting)> {
    let (node, property) = endpoint.as_str().split_once('/')?;
    let text = std::str::from_utf8(payload).ok()?;
    let setting = match property {
        "power-on" => RelaySetting::PowerOn(find(&POLICIES, text)?),
        "pulse" => RelaySetting::Pulse(Pulse::from_millis(payload::number(text)?)?),
        "interlock" => RelaySetting::Interlock(
            payload::number(text).and_then(|n| u8::try_from(n).ok()).filter(|n| *n <= MAX_INTERLOCK)?,
        ),
        "wiring" => RelaySetting::Wiring(find(&WIRINGS, text)?),
        _ => return None,
    };
    Some((Endpoint::new(&format!("{node}/on")).ok()?, setting))
}

/// The property of a setting, and its value.
fn property(setting: RelaySetting) -> (&'static str, String) {
    match setting {
        RelaySetting::PowerOn(policy) => ("power-on", word(&POLICIES, policy).to_owned()),
        RelaySetting::Pulse(pulse) => ("pulse", pulse.millis().to_string()),
        RelaySetting::Interlock(group) => ("interlock", group.to_string()),
        RelaySetting::Wiring(wiring) => ("wiring", word(&WIRINGS, wiring).to_owned()),
    }
}

pub(super) fn write(order: &ConfigOrder, out: &mut String) {
    let of_board = |property| (format!("system/{property}"), "true".to_owned());
    let (endpoint, value) = match &order.wish {
        Wish::Identify => of_board("identify"),
        Wish::Restart => of_board("restart"),
        Wish::Forget => of_board("forget"),
        // It has a form of its own; this names it in the answer.
        Wish::Network(_) => of_board("network"),
        Wish::Relay(relay, setting) => {
            let (property, value) = property(*setting);
            (format!("{}/{property}", relay.node()), value)
        }
    };
    payload::write_order(order.id, order.deadline_ms, &endpoint, &value, out);
}
