//! Improv Wi-Fi Serial, and what a board is given over it beyond Wi-Fi: [`PROVISIONING.md`](../../PROVISIONING.md).
//!
//! The gateway's side is [`Command`] and [`Answer`], the board's side is [`board`]; both share [`Decoder`] and [`Handover`].
//!
//! ```
//! use gatehouse_core::onboarding::Progress;
//! use gatehouse_wire::improv::{Answer, Come, Decoder, board};
//!
//! let mut decoder = Decoder::default();
//! decoder.push(b"ets Jan  8 2013,rst cause:1, boot mode:(3,6)\n");
//! decoder.push(&board::encode_progress(Some(Progress::Joining)));
//! let Some(Answer::Result(reply)) = decoder.frame().as_ref().and_then(Answer::parse) else { panic!() };
//! assert_eq!(reply.come(), Some(Come::To(Progress::Joining)));
//! assert_eq!(decoder.frame(), None);
//! ```

mod answer;
pub mod board;
mod command;
mod frame;
mod handover;
mod stock;

pub use answer::{Answer, Come, Fault, Reply, Scanned, SelfDescription, State, Taken};
pub use command::{Command, MAX_COMMAND, TooLong};
pub use frame::{Decoder, Frame, FrameKind, MAX_DATA};
pub use handover::{
    BadHandover, Chunk, Handover, MAX_AUTHORITY, MAX_CHUNK, MAX_DOCUMENT, MAX_HOST, MAX_SECRET, chunks,
};
pub use stock::{BootLoaderEar, SYNC, tasmota_backlog};
