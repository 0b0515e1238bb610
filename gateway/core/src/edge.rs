//! What the MQTT edge tells the home.

use crate::device::BoardEvent;
use crate::name::{BoardId, Endpoint};
use crate::notice::Incident;
use std::sync::Arc;

/// One thing the edge tells. What comes by one connection arrives in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdgeEvent {
    /// A board came, went, or said something.
    Board(BoardEvent),
    /// An integration wants a relay moved.
    Command(IntegrationCommand),
    /// Home Assistant said that it started.
    HomeAssistantStarted,
    /// Something went wrong that the owner may have to know.
    Incident(Incident),
}

/// What the home thinks of a board's connection. What is published there is passed on only while it is believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Belief {
    /// The board has yet to say who it is.
    #[default]
    Awaited,
    /// It is the device's board.
    Believed,
    /// It is, or may be, other hardware.
    Quarantined,
}

/// What an integration asks of a claimed board by a publish that its filters allow. It is never passed on: the home makes
/// a command of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationCommand {
    /// The user name it logged in with.
    pub user: Arc<str>,
    /// The board.
    pub board: BoardId,
    /// The relay.
    pub endpoint: Endpoint,
    /// What is asked.
    pub on: bool,
}

impl From<BoardEvent> for EdgeEvent {
    fn from(event: BoardEvent) -> Self {
        Self::Board(event)
    }
}
