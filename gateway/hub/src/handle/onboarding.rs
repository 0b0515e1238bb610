//! Boards that are plugged in, and claims.

use super::{HashSecret, Hub, hexadecimal, unexpected};
use crate::message::Message;
use crate::random::random;
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::device::Secret;
use gatehouse_core::home::{Answer, NewClaim, NewCredential, NewFlash};
use gatehouse_core::ids::{ClaimId, DeviceId, FoundId, RoomId};
use gatehouse_core::name::Name;
use gatehouse_core::onboarding::{ClaimView, FoundBoard, Identity, WifiSettings};
use std::sync::Arc;

/// A board that is to become a device.
#[derive(Clone, Debug)]
pub struct AskedClaim {
    /// Which board.
    pub board: FoundId,
    /// What the device is to be called.
    pub name: Option<Name>,
    /// Where it is to be.
    pub room: Option<RoomId>,
    /// The device whose board it takes the place of.
    pub replaces: Option<DeviceId>,
    /// How it gets into the network; none for a board that is in it.
    pub wifi: Option<WifiSettings>,
}

impl Hub {
    /// Begins to make a device of a board, with a secret of 256 random bits. The claim tells how it goes on.
    pub async fn claim_board(
        &self,
        cap: Administer,
        asked: AskedClaim,
        hash: HashSecret,
    ) -> Result<Arc<ClaimView>, Denied> {
        let AskedClaim { board, name, room, replaces, wifi } = asked;
        let view = self.view();
        let found = view.board(board).cloned();
        let nearby = view.nearby(board).and_then(|nearby| nearby.sighting.board.clone());
        // Whatever it is that has no id, or is not there: the home says why that cannot be claimed.
        let user = match found.as_ref().and_then(|found| found.identity.as_ref()) {
            Some(Identity::Native(native)) => native.board.as_str(),
            _ => nearby.as_ref().map_or("", |board| board.as_str()),
        };
        let secret = hexadecimal(&random::<32>());
        let hash = hash(user, secret.as_bytes());
        let credential = NewCredential { secret: Secret::new(&secret), hash };
        let new = NewClaim { board, name, room, replaces, wifi, credential };
        match self.ask(|reply| Message::ClaimBoard { cap, new, reply }).await? {
            Answer::Claim(claim) => Ok(claim),
            other => unexpected(&other),
        }
    }

    /// Says which number the light of a board blinks that is claimed in the network. There is one try.
    pub async fn confirm_claim(&self, cap: Administer, claim: ClaimId, number: u8) -> Result<Arc<ClaimView>, Denied> {
        match self.ask(|reply| Message::ConfirmClaim { cap, claim, number, reply }).await? {
            Answer::Claim(claim) => Ok(claim),
            other => unexpected(&other),
        }
    }

    /// Gives a claim up; its credential is good for nothing any more.
    pub async fn cancel_claim(&self, cap: Administer, claim: ClaimId) -> Result<Arc<ClaimView>, Denied> {
        match self.ask(|reply| Message::CancelClaim { cap, claim, reply }).await? {
            Answer::Claim(claim) => Ok(claim),
            other => unexpected(&other),
        }
    }

    /// Looks at a port, also one that is not opened unasked.
    pub async fn look_at_board(&self, cap: Administer, board: FoundId) -> Result<Arc<FoundBoard>, Denied> {
        match self.ask(|reply| Message::LookAtBoard { cap, board, reply }).await? {
            Answer::Board(board) => Ok(board),
            other => unexpected(&other),
        }
    }

    /// Begins to write firmware to a board. The board tells how it goes on.
    pub async fn flash_board(&self, cap: Administer, new: NewFlash) -> Result<Arc<FoundBoard>, Denied> {
        match self.ask(|reply| Message::FlashBoard { cap, new, reply }).await? {
            Answer::Board(board) => Ok(board),
            other => unexpected(&other),
        }
    }

    /// Gives that up.
    pub async fn cancel_flash(&self, cap: Administer, board: FoundId) -> Result<Arc<FoundBoard>, Denied> {
        match self.ask(|reply| Message::CancelFlash { cap, board, reply }).await? {
            Answer::Board(board) => Ok(board),
            other => unexpected(&other),
        }
    }

    /// Begins to give a board of another firmware Wi-Fi, and no home. The board tells how it goes on.
    pub async fn give_wifi(
        &self,
        cap: Administer,
        board: FoundId,
        wifi: WifiSettings,
    ) -> Result<Arc<FoundBoard>, Denied> {
        match self.ask(|reply| Message::GiveWifi { cap, board, wifi, reply }).await? {
            Answer::Board(board) => Ok(board),
            other => unexpected(&other),
        }
    }

    /// Gives that up.
    pub async fn cancel_giving(&self, cap: Administer, board: FoundId) -> Result<Arc<FoundBoard>, Denied> {
        match self.ask(|reply| Message::CancelGiving { cap, board, reply }).await? {
            Answer::Board(board) => Ok(board),
            other => unexpected(&other),
        }
    }
}
