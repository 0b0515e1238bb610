//! A board at a serial port is flashed from the command line, the daemon's end.

use super::provision::{LOOK_EVERY, LOOKS, plugged_in};
use super::server::{explain, refused};
use super::{Answer, NewFlash};
use crate::firmware::{self, Held};
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::flash::{FirmwareImage, FlashStep, FlashTrouble};
use gatehouse_core::home;
use gatehouse_core::ids::FlashId;
use gatehouse_core::onboarding::PortTrouble;
use gatehouse_hub::Hub;
use std::sync::Arc;

/// Begins to flash the board at a port, with the image that came after the question, or one that the gateway holds.
pub(super) async fn begin(hub: &Hub, held: Held, new: NewFlash, bytes: Option<Vec<u8>>) -> Answer {
    match flash(hub, held, new, bytes).await {
        Ok(begun) | Err(begun) => begun,
    }
}

async fn flash(hub: &Hub, held: Held, new: NewFlash, bytes: Option<Vec<u8>>) -> Result<Answer, Answer> {
    let NewFlash { port, image, even_a_device, bytes: _ } = new;
    let image = tokio::task::spawn_blocking(move || chosen(&held, image.as_deref(), bytes)).await;
    let image = image.map_err(|_| explain(Denied::Busy))?.map_err(refused)?;
    let board = plugged_in(hub, &port).await?;
    let new = home::NewFlash { board, image: image.clone(), even_a_device };
    let board = hub.flash_board(Administer::console(), new).await.map_err(explain)?;
    let flash = board.flash.as_ref().ok_or_else(|| explain(Denied::Busy))?;
    Ok(Answer::FlashBegun {
        flash: flash.id.to_string(),
        image: image.name.to_string(),
        version: image.version().map(str::to_owned),
        sha256: image.digest(),
    })
}

fn chosen(held: &Held, name: Option<&str>, bytes: Option<Vec<u8>>) -> Result<Arc<FirmwareImage>, String> {
    match (bytes, name) {
        (Some(bytes), name) => firmware::image(name.unwrap_or("firmware.bin"), bytes)
            .map(Arc::new)
            .map_err(|fault| format!("this cannot be flashed. {fault}")),
        (None, name) => held.one(name),
    }
}

/// How far it is, once that is another than the caller has seen, or after a while.
pub(super) async fn follow(hub: &Hub, port: &str, flash: &str, seen: (u8, &str)) -> Answer {
    let Ok(id) = flash.parse::<FlashId>() else { return explain(Denied::NotFound("flash")) };
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut looked = 0;
    loop {
        looks.tick().await;
        looked += 1;
        let view = hub.view();
        let Some(board) = view.boards.iter().find(|board| *board.port.name.0 == *port) else {
            let message = FlashTrouble::Port(PortTrouble::Gone).advice().to_owned();
            return Answer::FlashAt { percent: seen.0, message, over: true, done: false };
        };
        let Some(flash) = board.flash.as_ref().filter(|flash| flash.id == id) else {
            return explain(Denied::NotFound("flash"));
        };
        let (percent, message) = (flash.percent(), flash.message());
        if (percent, &*message) != seen || flash.is_over() || looked == LOOKS {
            return Answer::FlashAt { percent, message, over: flash.is_over(), done: flash.step == FlashStep::Done };
        }
    }
}
