//! Frames, whoever sends them.

/// What every frame begins with.
const MAGIC: &[u8] = b"IMPROV\x01";
/// Bytes before the data: the beginning, type and length.
const HEADER: usize = MAGIC.len() + 2;
/// Longest data of a frame, in bytes: its length is one byte.
pub const MAX_DATA: usize = 255;
/// Longest frame from its first byte to its checksum.
const MAX_FRAME: usize = HEADER + MAX_DATA + 1;

/// What is in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// The board's state.
    State,
    /// What is wrong with the last command; or that nothing is any more.
    Error,
    /// A command to the board.
    Command,
    /// The answer to a command.
    Result,
}

impl FrameKind {
    const fn number(self) -> u8 {
        match self {
            Self::State => 1,
            Self::Error => 2,
            Self::Command => 3,
            Self::Result => 4,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::State),
            2 => Some(Self::Error),
            3 => Some(Self::Command),
            4 => Some(Self::Result),
            _ => None,
        }
    }
}

/// One frame whose checksum is right. It may hold a secret, so its data is not shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is.
    pub kind: FrameKind,
    /// At most [`MAX_DATA`] bytes.
    pub data: Vec<u8>,
}

impl std::fmt::Debug for Frame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Frame({:?}, {} bytes)", self.kind, self.data.len())
    }
}

/// A frame as it goes over the line, with the line feeds before and after it. Of data, the first [`MAX_DATA`] bytes.
pub(super) fn encode(kind: FrameKind, data: &[u8]) -> Vec<u8> {
    let data = &data[..data.len().min(MAX_DATA)];
    let mut out = Vec::with_capacity(MAX_FRAME + 2);
    out.push(b'\n');
    out.extend_from_slice(MAGIC);
    out.extend([kind.number(), data.len() as u8]);
    out.extend_from_slice(data);
    out.extend([checksum(&out[1..]), b'\n']);
    out
}

fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte))
}

/// What the bytes that are here can be.
enum Looks {
    /// Not a frame, whatever comes.
    Misfit,
    /// The beginning of one.
    Begun,
    /// One, of so many bytes.
    Whole(Frame, usize),
}

fn look(bytes: &[u8]) -> Looks {
    let magic = bytes.len().min(MAGIC.len());
    if bytes[..magic] != MAGIC[..magic] {
        return Looks::Misfit;
    }
    let Some(kind) = bytes.get(MAGIC.len()) else { return Looks::Begun };
    let Some(kind) = FrameKind::of(*kind) else { return Looks::Misfit };
    let Some(length) = bytes.get(MAGIC.len() + 1) else { return Looks::Begun };
    let end = HEADER + usize::from(*length);
    let Some(sum) = bytes.get(end) else { return Looks::Begun };
    if *sum != checksum(&bytes[..end]) {
        return Looks::Misfit;
    }
    Looks::Whole(Frame { kind, data: bytes[HEADER..end].to_vec() }, end + 1)
}

/// Finds the frames in a stream of bytes, however they are split, and skips everything else.
///
/// What looked like a frame and was none is searched for frames too: one that was cut off does not take the next with it.
#[derive(Default)]
pub struct Decoder {
    held: Vec<u8>,
}

impl Decoder {
    /// Takes bytes as they came. To be followed by [`Decoder::frame`] until there is none, after which at most one
    /// frame's bytes are held.
    pub fn push(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
    }

    /// The next frame of what came so far.
    pub fn frame(&mut self) -> Option<Frame> {
        let mut at = 0;
        let frame = loop {
            let Some(rest) = self.held.get(at..).filter(|rest| !rest.is_empty()) else { break None };
            match look(rest) {
                Looks::Misfit => at += 1,
                Looks::Begun => break None,
                Looks::Whole(frame, length) => {
                    at += length;
                    break Some(frame);
                }
            }
        };
        self.held.drain(..at);
        frame
    }

    /// Forgets a frame that has begun: its end is not to come any more.
    pub fn restart(&mut self) {
        self.held.clear();
    }
}
