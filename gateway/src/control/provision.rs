//! A board at a serial port is claimed from the command line, the daemon's end.

use super::server::{explain, refused};
use super::{Answer, NewProvision};
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::device::Secret;
use gatehouse_core::ids::{ClaimId, DeviceId, FoundId, RoomId};
use gatehouse_core::name::Name;
use gatehouse_core::onboarding::{ClaimStep, FoundState, Identity, WifiSettings};
use gatehouse_hub::{AskedClaim, Hub};
use std::time::Duration;

/// How often it is looked whether something is another than it was.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Looks for a port: it is noticed within a second.
const LOOKS_FOR_PORT: u32 = 15;
/// Looks until a caller is told that nothing is: less than it waits for an answer.
pub(super) const LOOKS: u32 = 100;

/// Begins to claim the board at a port.
pub(super) async fn begin(hub: &Hub, new: NewProvision) -> Answer {
    match claim(hub, new).await {
        Ok(claim) => Answer::ClaimBegun { claim: claim.to_string() },
        Err(answer) => answer,
    }
}

async fn claim(hub: &Hub, new: NewProvision) -> Result<ClaimId, Answer> {
    let NewProvision { port, ssid, password, name, room, replaces } = new;
    let wifi =
        WifiSettings::new(&ssid, password.as_deref().map(Secret::new)).map_err(|(_, message)| refused(message))?;
    let name_of = |option: &str, text: Option<String>| match text {
        None => Ok(None),
        Some(text) => Name::new(&text).map(Some).map_err(|error| refused(format!("{option} {text:?}: {error}"))),
    };
    let (name, room) = (name_of("--name", name)?, name_of("--room", room)?);
    let replaces = replaces.map(|device| device_called(hub, &device)).transpose()?;
    let board = plugged_in(hub, &port).await?;
    identified(hub, board).await?;
    if let Some(Identity::Improv(other)) = hub.view().board(board).and_then(|board| board.identity.as_ref()) {
        return Err(refused(format!(
            "this board runs {}, so it cannot be a device of this gateway; give it Wi-Fi alone with --wifi-only, or flash it first: \
             gatehouse flash --port {port}",
            other.firmware
        )));
    }
    let room = match room {
        None => None,
        Some(name) => Some(room_called(hub, name).await.map_err(explain)?),
    };
    let asked = AskedClaim { board, name, room, replaces, wifi: Some(wifi) };
    let claim = hub.claim_board(Administer::console(), asked, gatehouse_broker::secret_hash).await;
    claim.map(|claim| claim.id).map_err(explain)
}

/// The board at a port, which may have been plugged in this moment.
pub(super) async fn plugged_in(hub: &Hub, port: &str) -> Result<FoundId, Answer> {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    for _ in 0..LOOKS_FOR_PORT {
        looks.tick().await;
        if let Some(board) = hub.view().boards.iter().find(|board| *board.port.name.0 == *port) {
            return Ok(board.id);
        }
    }
    Err(refused(format!(
        "nothing is plugged in at {port}; plug the board in, and see that [serial] ports names that port"
    )))
}

/// Waits until it is known who is there; one that was not asked yet is asked.
pub(super) async fn identified(hub: &Hub, board: FoundId) -> Result<(), Answer> {
    let known = |board| hub.view().board(board).cloned().ok_or_else(|| refused("the cable was pulled"));
    let unasked = known(board)?;
    // Where a device of this home was seen last, another board may be now.
    if unasked.identity.is_none() && matches!(unasked.state, FoundState::Noticed | FoundState::Claimed) {
        hub.look_at_board(Administer::console(), board).await.map_err(explain)?;
    }
    let mut looks = tokio::time::interval(LOOK_EVERY);
    for _ in 0..LOOKS {
        looks.tick().await;
        if known(board)?.state != FoundState::Identifying {
            return Ok(());
        }
    }
    Err(refused("the board does not say who it is; unplug it, plug it in again, and try again"))
}

/// The device of this name or id; of several of one name the id says which.
fn device_called(hub: &Hub, called: &str) -> Result<DeviceId, Answer> {
    let view = hub.view();
    let by_id = called.parse().ok().filter(|id: &DeviceId| view.devices.iter().any(|device| device.id == *id));
    let name = Name::new(called).ok();
    let named = view.devices.iter().filter(|device| name.as_ref().is_some_and(|name| device.name.same_as(name)));
    let named: Vec<DeviceId> = named.map(|device| device.id).collect();
    match (by_id, &named[..]) {
        (Some(id), _) => Ok(id),
        (None, [id]) => Ok(*id),
        (None, []) => Err(refused(format!("--replaces {called:?}: there is no device of that name or id"))),
        (None, several) => {
            let ids: Vec<_> = several.iter().map(DeviceId::to_string).collect();
            Err(refused(format!("--replaces {called:?}: there are several; say which by id: {}", ids.join(", "))))
        }
    }
}

async fn room_called(hub: &Hub, name: Name) -> Result<RoomId, Denied> {
    let there = || hub.view().rooms.iter().find(|room| room.name.same_as(&name)).map(|room| room.id);
    if let Some(room) = there() {
        return Ok(room);
    }
    match hub.create_room(Administer::console(), name.clone()).await {
        Ok(room) => Ok(room.id),
        // Somebody else made it meanwhile.
        Err(denied) => there().ok_or(denied),
    }
}

/// How far a claim is, once that is another than the caller has seen, or after a while.
pub(super) async fn follow(hub: &Hub, claim: &str, seen: &str) -> Answer {
    let Ok(id) = claim.parse::<ClaimId>() else { return explain(Denied::NotFound("claim")) };
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut looked = 0;
    loop {
        looks.tick().await;
        looked += 1;
        let Some(claim) = hub.view().claim(id).cloned() else { return explain(Denied::NotFound("claim")) };
        let message = claim.message();
        if message != seen || claim.is_over() || looked == LOOKS {
            let (percent, over, done) = (claim.percent(), claim.is_over(), claim.step == ClaimStep::Done);
            return Answer::ClaimAt { percent, message, over, done };
        }
    }
}
