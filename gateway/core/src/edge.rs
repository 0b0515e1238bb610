//! What the MQTT edge tells the home.

use crate::device::BoardEvent;

/// One thing the edge tells. What comes by one connection arrives in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeEvent {
    /// A board came, went, or said something.
    Board(BoardEvent),
}

impl From<BoardEvent> for EdgeEvent {
    fn from(event: BoardEvent) -> Self {
        Self::Board(event)
    }
}
