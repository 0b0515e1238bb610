//! What comes over the network from whoever says that it is a board that can be claimed.

use gatehouse_core::device::MAX_RELAYS;
use gatehouse_core::onboarding::NativeBoard;
use gatehouse_wire::claim::{HEADER, MAX_FROM_BOARD, Meeting, length_from_board};
use gatehouse_wire::improv::MAX_DOCUMENT;

/// Bytes of a key, at the beginning of a board's first message.
const KEY: usize = 32;

/// All that a board says on one connection; whether the gateway meets it.
///
/// What it says of itself is taken as it stands there, whole, or not at all. Its number is one that a light can blink. And as nobody here
/// knows the key, nothing passes for its answer to the handover.
pub fn claim(input: &[u8]) -> bool {
    let Some((said, rest)) = message(input) else { return false };
    let Ok(met) = Meeting::begin().unwrap().meet(said) else { return false };
    says(&said[KEY..], met.native());
    assert!((1..=8).contains(&met.number()));
    let document = &rest[..rest.len().min(MAX_DOCUMENT)];
    let handed = met.hand_over(document).unwrap();
    assert_eq!(usize::from(u16::from_le_bytes([handed[1], handed[2]])), handed.len() - HEADER);
    assert!(document.len() < 8 || !handed.windows(document.len()).any(|window| window == document), "it is sealed");
    if let Some((sealed, _)) = message(rest) {
        assert!(met.taken(sealed).is_err());
    }
    true
}

/// The next message, without its header, as the gateway would read it, and what follows.
fn message(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, rest) = input.split_first_chunk::<HEADER>()?;
    let length = length_from_board(*header).ok()?;
    assert!(length <= MAX_FROM_BOARD);
    rest.split_at_checked(length)
}

fn says(texts: &[u8], native: &NativeBoard) {
    let NativeBoard { board, mac, chip, model, firmware, relays, home } = native;
    let written: Vec<u8> = [board.as_str(), mac, chip, model, firmware]
        .iter()
        .flat_map(|text| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat())
        .collect();
    let (length, digits) = texts.strip_prefix(&written[..]).unwrap().split_first().unwrap();
    assert_eq!(usize::from(*length), digits.len());
    assert_eq!(std::str::from_utf8(digits).unwrap().parse(), Ok(*relays));
    assert!((1..=MAX_RELAYS).contains(relays) && home.is_none());
    assert!(![mac, chip, model, firmware].iter().any(|text| text.len() > 64 || text.chars().any(char::is_control)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unescape;

    #[test]
    fn the_seeds_hold() {
        for line in include_str!("../seeds/claim.txt").lines() {
            let (name, seed) = line.split_once(' ').unwrap();
            assert_eq!(claim(&unescape(seed)), !name.starts_with("bad-"), "{name}");
        }
    }
}
