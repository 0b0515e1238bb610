//! What a board said, and what is said to it.

use gatehouse_core::device::{MAX_RELAYS, Said};
use gatehouse_core::name::BoardId;
use gatehouse_wire::homie::topic::{self, Topic};
use gatehouse_wire::homie::{MAX_FACT, board, decode};

/// A line with the topic behind `homie/5/b/`, then the payload; whether the home takes it.
///
/// What is taken is taken exactly: it encodes to the bytes it came as.
pub fn homie(input: &[u8]) -> bool {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (path, payload) = (&input[..at], input.get(at + 1..).unwrap_or_default());
    let Ok(path) = std::str::from_utf8(path) else { return false };
    let (id, topic) = (BoardId::new("b").unwrap(), format!("homie/5/b/{path}"));
    if let Some((of, parsed)) = Topic::parse(&topic) {
        assert_eq!((of, parsed.of(&id)), ("b", topic.clone()));
    }
    if let Ok(command) = board::parse_command(payload) {
        assert_eq!(command.encode().as_bytes(), payload);
    }
    let (now, retained) = (decode(&id, &topic, payload, false), decode(&id, &topic, payload, true));
    assert!(now.is_err() || topic::may_publish(&id, &topic) || path.is_empty() || path.contains(['+', '#', '\0']));
    let (Ok(Some(said)), path) = (&now, Topic::parse(&topic)) else { return false };
    let again = match said {
        Said::Report(report) => Some(board::encode_report(report)),
        Said::Refusal(refusal) => board::encode_refusal(refusal),
        Said::Configured(configured) => Some(board::encode_configured(configured)),
        Said::Tried(tried) => Some(board::encode_tried(tried)),
        Said::Setting(..) => None,
        Said::Session(session, ms) => Some(board::encode_session(*session, *ms)),
        Said::State(state) => Some(board::encode_state(*state).to_owned()),
        Said::Description(description) => {
            assert!(description.relays.len() <= MAX_RELAYS);
            None
        }
        Said::Fact(_) => {
            assert!(payload.len() <= MAX_FACT && payload.iter().all(|byte| matches!(byte, b' '..=b'~')));
            None
        }
    };
    if let Some(again) = again {
        assert_eq!(again.as_bytes(), payload);
    }
    // A report that is kept would be told again, of a time that is past.
    let Some((_, path)) = path else { panic!("said on a topic that is none") };
    let only_now = matches!(path, Topic::Report | Topic::Refusal | Topic::Session | Topic::Configured | Topic::Tried);
    assert!(if only_now { retained.is_err() } else { retained == now });
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_hold() {
        for line in include_str!("../seeds/homie.txt").lines() {
            let (name, seed) = line.split_once(' ').unwrap();
            let taken = homie(seed.replace("\\n", "\n").as_bytes());
            assert_eq!(taken, !name.starts_with("bad-"), "{name}");
        }
    }
}
