//! A board's firmware: what an image is, and a board that is being given one over its cable, as people see it.

use crate::command::Actor;
use crate::ids::FlashId;
use crate::onboarding::PortTrouble;
use std::fmt;
use std::sync::Arc;

/// Most bytes of an image: the room that a sketch has in 4 MB of flash memory, 1,044,464 bytes, and its header
/// (`eagle.flash.4m*.ld` of the Arduino core).
pub const MAX_IMAGE: usize = 1 << 20;
/// The first byte of an image, and the number that its checksum begins with; both, and how an image is laid out, by
/// "Firmware Image Format" of Espressif's documentation of esptool.
const MAGIC: u8 = 0xe9;
const CHECKSUM_SEED: u8 = 0xef;
const HEADER: usize = 8;
const SEGMENT_HEADER: usize = 8;
/// Most segments that the chip's own loader takes.
const MAX_SEGMENTS: u8 = 16;

/// Why a file is no image for a board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFault {
    /// More than [`MAX_IMAGE`].
    TooLarge,
    /// It does not begin as one.
    NotAnImage,
    /// It ends before its segments do.
    Cut,
    /// Its checksum is another.
    Damaged,
}

impl fmt::Display for ImageFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "It has more than 1 MB: it does not fit a board.",
            Self::NotAnImage => "It is no firmware for an ESP8266: such a file begins with the byte E9. Is it packed, or for another chip?",
            Self::Cut => "It is not all there. Copy it again.",
            Self::Damaged => "Its checksum is wrong. Copy it again.",
        })
    }
}

impl std::error::Error for ImageFault {}

/// Whether a board's chip would start these bytes: what its ROM looks at itself.
fn check(bytes: &[u8]) -> Result<(), ImageFault> {
    if bytes.len() > MAX_IMAGE {
        return Err(ImageFault::TooLarge);
    }
    let [MAGIC, segments @ 1..=MAX_SEGMENTS, ..] = bytes else { return Err(ImageFault::NotAnImage) };
    let (mut at, mut checksum) = (HEADER, CHECKSUM_SEED);
    for _ in 0..*segments {
        let header = bytes.get(at..at + SEGMENT_HEADER).ok_or(ImageFault::Cut)?;
        let length = u32::from_le_bytes([header[4], header[5], header[6], header[7]]);
        let from = at + SEGMENT_HEADER;
        let to = usize::try_from(length).ok().and_then(|length| from.checked_add(length)).ok_or(ImageFault::Cut)?;
        checksum = bytes.get(from..to).ok_or(ImageFault::Cut)?.iter().fold(checksum, |sum, byte| sum ^ byte);
        at = to;
    }
    // The checksum is the last byte of the sixteen that the segments end in.
    match bytes.get(at | 15) {
        Some(byte) if *byte == checksum => Ok(()),
        Some(_) => Err(ImageFault::Damaged),
        None => Err(ImageFault::Cut),
    }
}

/// Firmware that a board may be given.
#[derive(Clone, PartialEq, Eq)]
pub struct FirmwareImage {
    /// What its file is called.
    pub name: Arc<str>,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its bytes, at most [`MAX_IMAGE`].
    pub bytes: Arc<[u8]>,
}

impl FirmwareImage {
    /// Takes the bytes of a file, whose SHA-256 whoever read it knows.
    ///
    /// # Errors
    /// Why it is none.
    pub fn new(name: &str, bytes: Vec<u8>, sha256: [u8; 32]) -> Result<Self, ImageFault> {
        check(&bytes)?;
        Ok(Self { name: name.into(), sha256, bytes: bytes.into() })
    }

    /// The version that is in its name, as releases are called: `14.3.0` of `tasmota-14.3.0.bin`.
    pub fn version(&self) -> Option<&str> {
        let name = self.name.strip_suffix(".bin").unwrap_or(&self.name);
        let mut parts = name.split(['-', '_', ' ']).map(|part| part.trim_start_matches('v'));
        parts.find(|part| part.contains('.') && part.starts_with(|first: char| first.is_ascii_digit()))
    }

    /// Its SHA-256 as people compare it: 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        self.sha256.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for FirmwareImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("FirmwareImage");
        shown.field("name", &self.name).field("bytes", &self.bytes.len()).finish_non_exhaustive()
    }
}

/// The steps of flashing, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlashStep {
    /// The board's boot loader is called.
    Connecting,
    /// It has answered; the memory is made ready.
    Erasing,
    /// The image is written.
    Writing,
    /// What was written is compared.
    Verifying,
    /// It is there, whole.
    Done,
    /// It is not: see the trouble.
    Failed,
}

/// How far whoever writes an image has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashProgress {
    /// The boot loader answered.
    Connected,
    /// So much of it is written, 0 to 100 percent.
    Written(u8),
    /// All of it, and it is compared.
    Verifying,
    /// The memory holds the image.
    Verified,
}

/// Why a board could not be flashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashTrouble {
    /// The port.
    Port(PortTrouble),
    /// No boot loader answered.
    NoLoader,
    /// It is another chip.
    WrongChip,
    /// What writes images is not installed.
    NoTool,
    /// What was read back is not what was written.
    NotVerified,
    /// It stopped before its end, and did not say why.
    Broken,
    /// Somebody cancelled it.
    Cancelled,
    /// The gateway stopped.
    Stopping,
}

impl FlashTrouble {
    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Port(PortTrouble::Gone) => {
                "The cable was pulled. Plug the board in and flash it again: until then it does not start, and nothing else is lost."
            }
            Self::Port(PortTrouble::Silent) => {
                "The board stopped answering. Unplug it, plug it in again, and flash it again. Try another cable if it happens again."
            }
            Self::Port(trouble) => trouble.advice(),
            Self::NoLoader => {
                "The board's boot loader does not answer. Hold the button FLASH while you plug the board in, then flash it again."
            }
            Self::WrongChip => "This is no ESP8266, so the image is not for it. Nothing was written.",
            Self::NoTool => {
                "The gateway has no esptool to flash boards with. Install it: apt install esptool, or where apt has none pipx install esptool, and \
                 name its path in [firmware] esptool. Then flash the board again."
            }
            Self::NotVerified => {
                "What the board holds is not what was written. Flash it again; if it stays so, its memory may be worn out."
            }
            Self::Broken => "It stopped before it was done. Unplug the board, plug it in again, and flash it again.",
            Self::Cancelled => "It was cancelled. Flash the board again: it may not start before that.",
            Self::Stopping => "The gateway stopped. Flash the board again when it is back.",
        }
    }
}

/// A board that is being flashed, or was, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlashView {
    /// Its id.
    pub id: FlashId,
    /// What it is given.
    pub image: Arc<FirmwareImage>,
    /// Who does it.
    pub by: Actor,
    /// How far it is; where it failed, [`FlashStep::Failed`].
    pub step: FlashStep,
    /// How much is written, 0 to 100.
    pub written: u8,
    /// Why it failed.
    pub trouble: Option<FlashTrouble>,
}

impl FlashView {
    /// How far it is, 0 to 100; for one that failed, how far it came.
    pub const fn percent(&self) -> u8 {
        match self.step {
            FlashStep::Done => 100,
            FlashStep::Verifying => 97,
            FlashStep::Connecting => 0,
            // Between the answer of the loader and the comparison.
            FlashStep::Erasing | FlashStep::Writing | FlashStep::Failed => match self.written {
                0 if matches!(self.step, FlashStep::Failed) => 0,
                0 => 3,
                written => 5 + written - written / 10,
            },
        }
    }

    /// What happens, or what to do about what happened, for people.
    pub fn message(&self) -> String {
        let name = &self.image.name;
        if let Some(trouble) = self.trouble {
            return trouble.advice().to_owned();
        }
        match self.step {
            FlashStep::Connecting => "The board's boot loader is called.".to_owned(),
            FlashStep::Erasing => "The board answered, and its memory is made ready.".to_owned(),
            FlashStep::Writing => format!("{name} is written. Leave the cable where it is."),
            FlashStep::Verifying => format!("{name} is written, and is compared."),
            FlashStep::Done | FlashStep::Failed => format!("The board has {name}, and starts."),
        }
    }

    /// Whether nothing more will come of it.
    pub const fn is_over(&self) -> bool {
        matches!(self.step, FlashStep::Done | FlashStep::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An image of two segments.
    fn image() -> Vec<u8> {
        let mut bytes = vec![MAGIC, 2, 0, 0x40, 0, 0, 0x10, 0x40];
        let mut checksum = CHECKSUM_SEED;
        for (address, data) in [(0x4010_0000_u32, &[1_u8, 2, 3, 4][..]), (0x3ffe_8000, &[9; 21])] {
            bytes.extend(address.to_le_bytes());
            bytes.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
            bytes.extend(data);
            data.iter().for_each(|byte| checksum ^= byte);
        }
        bytes.resize(bytes.len() | 15, 0);
        bytes.push(checksum);
        bytes
    }

    #[test]
    fn only_what_a_chip_would_start_is_an_image() {
        let good = image();
        assert_eq!(good.len() % 16, 0);
        assert_eq!(check(&good), Ok(()));
        let more = [&good[..], &[0xff; 4096]].concat();
        assert_eq!(check(&more), Ok(()), "what follows is the sketch's");
        for (bytes, wanted) in [
            (&b""[..], ImageFault::NotAnImage),
            (&good[1..], ImageFault::NotAnImage),
            (&[MAGIC, 0, 0, 0], ImageFault::NotAnImage),
            (&[MAGIC, 17, 0, 0], ImageFault::NotAnImage),
            (&b"\x1f\x8b\x08\0gzip"[..], ImageFault::NotAnImage),
            (&good[..10], ImageFault::Cut),
            (&good[..20], ImageFault::Cut),
            (&good[..good.len() - 1], ImageFault::Cut),
        ] {
            assert_eq!(check(bytes), Err(wanted), "{} bytes", bytes.len());
        }
        for at in 16..20 {
            let mut bytes = good.clone();
            bytes[at] ^= 4;
            assert_eq!(check(&bytes), Err(ImageFault::Damaged), "byte {at}");
        }
        let mut endless = good.clone();
        endless[12..16].fill(0xff);
        assert_eq!(check(&endless), Err(ImageFault::Cut));
        let mut large = good;
        large.resize(MAX_IMAGE, 0);
        assert_eq!(check(&large), Ok(()));
        large.push(0);
        assert_eq!(check(&large), Err(ImageFault::TooLarge));
    }

    #[test]
    fn the_version_is_read_from_the_name() {
        let version = |name: &str| {
            let image = FirmwareImage::new(name, image(), [0xa5; 32]).unwrap();
            assert_eq!(image.digest(), "a5".repeat(32));
            image.version().map(str::to_owned)
        };
        assert_eq!(version("gatehouse-nodemcuv2-0.1.0.bin").as_deref(), Some("0.1.0"));
        assert_eq!(version("tasmota_v14.3.0.bin").as_deref(), Some("14.3.0"));
        assert_eq!(version("firmware.bin"), None);
    }
}
