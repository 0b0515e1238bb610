//! What comes over a serial port, and what is made of it on either side.

use gatehouse_wire::improv::{Answer, BootLoaderEar, Decoder, Handover, MAX_DOCUMENT, board, chunks};

/// A stream, its first byte telling where it is cut in two; whether there was a frame or a document in it.
///
/// Frames are the same however the stream is cut, and are in the stream as they encode.
pub fn improv(input: &[u8]) -> bool {
    let document = document(input);
    let Some((at, stream)) = input.split_first() else { return false };
    let cut = usize::from(*at).min(stream.len());
    let (mut whole, mut parts, mut ear) = (Decoder::default(), Decoder::default(), BootLoaderEar::default());
    whole.push(stream);
    let frames: Vec<_> = std::iter::from_fn(|| whole.frame()).collect();
    let mut in_parts = Vec::new();
    for part in [&stream[..cut], &stream[cut..]] {
        parts.push(part);
        in_parts.extend(std::iter::from_fn(|| parts.frame()));
        let _waits = ear.hear(part);
    }
    assert_eq!(frames, in_parts);
    for frame in &frames {
        if let Ok(command) = board::parse_command(frame) {
            let again = command.encode().unwrap();
            assert!(holds(stream, &again[1..again.len() - 1]));
        }
        match Answer::parse(frame) {
            Some(Answer::Result(reply)) => {
                let _ = (
                    reply.taken(),
                    reply.come(),
                    reply.identity(),
                    reply.information(),
                    reply.scanned(),
                    reply.in_network(),
                );
                let strings: Vec<_> = reply.strings.iter().map(Vec::as_slice).collect();
                read_again(&board::encode_result(reply.command, &strings), |again| {
                    let Answer::Result(mut again) = again else { panic!("{again:?}") };
                    again.strings.truncate(strings.len());
                    assert!(again == reply || frame.data.len() > 250);
                });
            }
            Some(Answer::State(state)) => {
                read_again(&board::encode_state(state), |again| assert_eq!(again, Answer::State(state)));
            }
            Some(Answer::Error(fault)) => {
                read_again(&board::encode_error(fault), |again| assert_eq!(again, Answer::Error(fault)));
            }
            None => {}
        }
    }
    document || !frames.is_empty()
}

/// Reads it as a document: what is taken means the same when it is written and read again.
fn document(input: &[u8]) -> bool {
    let Ok(handover) = Handover::parse(input) else { return false };
    let again = handover.encode().unwrap();
    assert!(again.len() <= MAX_DOCUMENT && chunks(&again).map(|chunk| chunk.bytes.len()).sum::<usize>() == again.len());
    assert_eq!(Handover::parse(&again), Ok(handover));
    true
}

fn holds(stream: &[u8], part: &[u8]) -> bool {
    stream.windows(part.len()).any(|window| window == part)
}

fn read_again(frame: &[u8], check: impl FnOnce(Answer)) {
    let mut decoder = Decoder::default();
    decoder.push(frame);
    check(decoder.frame().as_ref().and_then(Answer::parse).unwrap());
    assert_eq!(decoder.frame(), None);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unescape;

    #[test]
    fn the_seeds_hold() {
        for line in include_str!("../seeds/improv.txt").lines() {
            let (name, seed) = line.split_once(' ').unwrap();
            assert_eq!(improv(&unescape(seed)), !name.starts_with("bad-"), "{name}");
        }
    }
}
