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
