//! A board of another firmware at a serial port is given Wi-Fi from the command line, the daemon's end.

use super::provision::{LOOK_EVERY, LOOKS, identified, plugged_in};
use super::server::{explain, refused};
use super::{Answer, NewGiving};
use gatehouse_core::access::{Administer, Denied};
use gatehouse_core::device::Secret;
use gatehouse_core::ids::GivingId;
use gatehouse_core::onboarding::{GivingStep, GivingTrouble, GivingView, PortTrouble, WifiSettings};
use gatehouse_hub::Hub;

/// Begins to give the board at a port Wi-Fi.
pub(super) async fn begin(hub: &Hub, new: NewGiving) -> Answer {
    match give(hub, new).await {
        Ok(begun) | Err(begun) => begun,
    }
}

async fn give(hub: &Hub, new: NewGiving) -> Result<Answer, Answer> {
    let NewGiving { port, ssid, password } = new;
    let wifi = WifiSettings::new(&ssid, password.as_deref().map(Secret::new));
    let wifi = wifi.map_err(|(_, message)| refused(message))?;
    let board = plugged_in(hub, &port).await?;
    identified(hub, board).await?;
    let board = hub.give_wifi(Administer::console(), board, wifi).await.map_err(explain)?;
    let giving = board.giving.as_ref().ok_or_else(|| explain(Denied::Busy))?;
    Ok(Answer::GivingBegun { giving: giving.id.to_string() })
}

/// How far it is, once that is another than the caller has seen, or after a while.
pub(super) async fn follow(hub: &Hub, port: &str, giving: &str, ssid: &str, seen: &str) -> Answer {
    let Ok(id) = giving.parse::<GivingId>() else { return explain(Denied::NotFound("giving")) };
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut looked = 0;
    loop {
        looks.tick().await;
        looked += 1;
        let view = hub.view();
        let Some(board) = view.boards.iter().find(|board| *board.port.name.0 == *port) else {
            let message = GivingTrouble::Port(PortTrouble::Gone).advice(ssid);
            return Answer::GivingAt { percent: 0, message, over: true, done: false };
        };
        let Some(giving) = board.giving.as_ref().filter(|giving| giving.id == id) else {
            return explain(Denied::NotFound("giving"));
        };
        let message = told(giving);
        if message != seen || giving.is_over() || looked == LOOKS {
            let (percent, over, done) = (giving.percent(), giving.is_over(), giving.step == GivingStep::Done);
            return Answer::GivingAt { percent, message, over, done };
        }
    }
}

fn told(giving: &GivingView) -> String {
    let page = giving.page.map(|page| format!(" The board says that its own page is {page}")).unwrap_or_default();
    format!("{}{page}", giving.message())
}
