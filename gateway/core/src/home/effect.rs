//! What a home wants done, and what it tells those who wait.

use super::SignInCheck;
use crate::access::{ApiToken, Denied, Grant, GuestLink, Member, Viewer};
use crate::board_settings::{ConfigOrder, Fulfilment};
use crate::command::Command;
use crate::device::{NewSecret, Order};
use crate::edge::Belief;
use crate::homeassistant::HomeAssistant;
use crate::ids::{LinkId, Request, Ticket};
use crate::integration::Integration;
use crate::invitation::{Invitation, Offer};
use crate::nearby::NearbyOrder;
use crate::onboarding::{ClaimView, FoundBoard, PortOrder};
use crate::record::{HomeRecord, Record, Room};
use crate::view::{Change, DeviceView, SwitchView};
use crate::wifi_change::WifiChange;
use std::sync::Arc;

/// What is to be done about it, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a command to a board's own connection.
    Send(Order),
    /// Send a new secret to a board's own connection.
    SendSecret(NewSecret),
    /// Send an order to configure to a board's own connection.
    Configure(ConfigOrder),
    /// What the edge is to think of a board's connection; before it is told, nothing is believed.
    Believe(LinkId, Belief),
    /// Do something at a serial port.
    Port(PortOrder),
    /// Do something with a board in the network.
    Nearby(NearbyOrder),
    /// Answer someone who waits.
    Answer(Request, Result<Answer, Denied>),
    /// Tell everyone who looks.
    Changed(Change),
    /// Write to the store; with a ticket, say when it is on disk.
    Write {
        /// Which [`super::Input::Written`] is wanted.
        ticket: Option<Ticket>,
        /// What.
        records: Vec<Record>,
    },
    /// Who may log in at the edge has changed: see [`super::Home::credentials`].
    CredentialsChanged,
    /// What Home Assistant is to be told has changed: see [`super::Home::announced`].
    AnnouncedChanged,
}

/// What someone who waited is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done.
    Done,
    /// A command settled.
    Command(Arc<Command>),
    /// What came of what was asked of a board.
    Configured(Fulfilment),
    /// The change of the network as it is now.
    WifiChange(Arc<WifiChange>),
    /// Check this password, then come back with [`super::Input::FinishSignIn`].
    SignIn(SignInCheck),
    /// Signed in.
    Viewer(Viewer),
    /// The household as it is now.
    Home(Arc<HomeRecord>),
    /// The room as it is now.
    Room(Arc<Room>),
    /// The device as it is now.
    Device(Arc<DeviceView>),
    /// The board that was noticed, as it is now.
    Board(Arc<FoundBoard>),
    /// The claim as it is now.
    Claim(Arc<ClaimView>),
    /// The switch as it is now.
    Switch(Arc<SwitchView>),
    /// The person as they are now.
    Member(Arc<Member>),
    /// The grant as it is now.
    Grant(Arc<Grant>),
    /// The guest link as it is now.
    GuestLink(Arc<GuestLink>),
    /// The API token as it is now.
    Token(Arc<ApiToken>),
    /// The integration as it is now.
    Integration(Arc<Integration>),
    /// The invitation as it is now.
    Invitation(Arc<Invitation>),
    /// What an invitation offers.
    Offer(Offer),
    /// How Home Assistant is told of the home now.
    HomeAssistant(Arc<HomeAssistant>),
}
