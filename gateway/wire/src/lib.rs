//! What boards and gateway say: topics both ways, payloads, frames of a serial port. One module per dialect.
//!
//! **Invariant:** no other crate knows a topic, a payload field or a frame. This crate does no IO and reads no clock, and no
//! input makes it panic or allocate more than in proportion to the input's bounded size.

pub mod claim;
pub mod homeassistant;
pub mod homie;
pub mod improv;
