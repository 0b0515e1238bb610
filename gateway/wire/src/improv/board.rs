//! The board's side, for programs that stand in for a board: tests. The firmware has its own.

use super::answer::{Fault, State, progress_word};
use super::command::{Command, MAX_COMMAND, number};
use super::frame::{self, Frame, FrameKind};
use super::handover::{Chunk, MAX_CHUNK};
use gatehouse_core::onboarding::Progress;

/// The length that no frame of a board has: the JavaScript SDK takes it for a line end.
const LINE_FEED: usize = 10;

/// Reads a command.
///
/// # Errors
/// What the board is to answer.
pub fn parse_command(frame: &Frame) -> Result<Command<'_>, Fault> {
    let (FrameKind::Command, [command, length, rest @ ..]) = (frame.kind, frame.data.as_slice()) else {
        return Err(Fault::InvalidRpc);
    };
    if usize::from(*length) != rest.len() || frame.data.len() > MAX_COMMAND {
        return Err(Fault::InvalidRpc);
    }
    match (*command, rest) {
        (number::WIFI, _) => wifi(rest).ok_or(Fault::InvalidRpc),
        (number::STATE, []) => Ok(Command::State),
        (number::INFORMATION, []) => Ok(Command::Information),
        (number::SCAN, []) => Ok(Command::Scan),
        (number::HANDOVER, [number, last @ (0 | 1), bytes @ ..]) if (1..=MAX_CHUNK).contains(&bytes.len()) => {
            Ok(Command::Handover(Chunk { number: *number, last: *last == 1, bytes }))
        }
        (number::PROGRESS, []) => Ok(Command::Progress),
        (number::IDENTITY, []) => Ok(Command::Identity),
        (number::WIFI..=number::SCAN | number::HANDOVER..=number::IDENTITY, _) => Err(Fault::InvalidRpc),
        _ => Err(Fault::UnknownRpc),
    }
}

fn wifi(bytes: &[u8]) -> Option<Command<'_>> {
    let (length, rest) = bytes.split_first()?;
    let (ssid, rest) = rest.split_at_checked(usize::from(*length))?;
    let (length, password) = rest.split_first()?;
    if ssid.is_empty() || ssid.len() > 32 || usize::from(*length) != password.len() || password.len() > 64 {
        return None;
    }
    Some(Command::Wifi { ssid: std::str::from_utf8(ssid).ok()?, password: std::str::from_utf8(password).ok()? })
}

/// Says what it is at.
pub fn encode_state(state: State) -> Vec<u8> {
    frame::encode(FrameKind::State, &[state.number()])
}

/// Says what is wrong.
pub fn encode_error(fault: Fault) -> Vec<u8> {
    frame::encode(FrameKind::Error, &[fault.number()])
}

/// Answers the command of this number with strings that have at most 252 bytes together with their lengths; what does not
/// fit is left out.
pub fn encode_result(command: u8, strings: &[&[u8]]) -> Vec<u8> {
    let mut data = vec![command, 0];
    for string in strings {
        if data.len() + 1 + string.len() < frame::MAX_DATA {
            data.push(string.len() as u8);
            data.extend_from_slice(string);
        }
    }
    if data.len() == LINE_FEED {
        data.push(0);
    }
    data[1] = data.len() as u8 - 2;
    frame::encode(FrameKind::Result, &data)
}

/// Says how far it has come; none for nowhere.
pub fn encode_progress(progress: Option<Progress>) -> Vec<u8> {
    encode_result(number::PROGRESS, &[progress.map_or("idle", progress_word).as_bytes()])
}
