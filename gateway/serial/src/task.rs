//! One order, from opening its port to its end.

use crate::line::Line;
use crate::talk::Talk;
use crate::{Flasher, Gateway, identify, provision, tell, wifi};
use gatehouse_core::flash::{FirmwareImage, FlashProgress, FlashTrouble};
use gatehouse_core::onboarding::{
    Attempt, BoardPage, Identity, Network, PortEvent, PortName, PortOrder, PortTrouble, Progress, WifiSettings,
};
use gatehouse_wire::improv::Handover;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Tells the home of one attempt.
pub(crate) struct Teller {
    pub(crate) events: mpsc::Sender<PortEvent>,
    pub(crate) port: PortName,
    pub(crate) attempt: Attempt,
}

impl Teller {
    pub(crate) async fn progress(&self, progress: Progress) {
        tracing::debug!(port = %self.port, ?progress, "a board went on");
        let (port, attempt) = (self.port.clone(), self.attempt);
        tell(&self.events, PortEvent::Progress { port, attempt, progress }).await;
    }

    pub(crate) async fn failed(&self, trouble: PortTrouble) {
        tracing::info!(port = %self.port, ?trouble, "what was to be done at a serial port failed");
        let (port, attempt) = (self.port.clone(), self.attempt);
        tell(&self.events, PortEvent::Failed { port, attempt, trouble }).await;
    }

    pub(crate) async fn in_network(&self, page: Option<BoardPage>) {
        tracing::debug!(port = %self.port, "a board is in the network that it was given");
        let (port, attempt) = (self.port.clone(), self.attempt);
        tell(&self.events, PortEvent::InNetwork { port, attempt, page }).await;
    }

    pub(crate) async fn flashing(&self, progress: FlashProgress) {
        tracing::debug!(port = %self.port, ?progress, "a board is flashed");
        let (port, attempt) = (self.port.clone(), self.attempt);
        tell(&self.events, PortEvent::Flashing { port, attempt, progress }).await;
    }

    async fn not_flashed(&self, trouble: FlashTrouble) {
        tracing::info!(port = %self.port, ?trouble, "a board could not be flashed");
        let (port, attempt) = (self.port.clone(), self.attempt);
        tell(&self.events, PortEvent::FlashFailed { port, attempt, trouble }).await;
    }

    async fn identified(&self, identity: Identity, networks: Vec<Network>) {
        tracing::debug!(port = %self.port, ?identity, "somebody answered at a serial port");
        let (port, attempt) = (self.port.clone(), self.attempt);
        tell(&self.events, PortEvent::Identified { port, attempt, identity, networks }).await;
    }
}

/// Does what is ordered, and tells what comes of it.
pub(crate) async fn carry_out(order: PortOrder, teller: Teller, gateway: Gateway) {
    if let Err(trouble) = attempt(order, &teller, &gateway).await {
        teller.failed(trouble).await;
    }
}

/// Writes firmware, and tells what comes of it. Whoever stops it knows.
pub(crate) async fn flash(image: Arc<FirmwareImage>, teller: Teller, flasher: Flasher, stop: CancellationToken) {
    let port = teller.port.clone();
    if let Err(trouble) = crate::flash::flash(&port, &image, &flasher, &teller, &stop).await
        && !stop.is_cancelled()
    {
        teller.not_flashed(trouble).await;
    }
}

async fn attempt(order: PortOrder, teller: &Teller, gateway: &Gateway) -> Result<(), PortTrouble> {
    match order {
        PortOrder::Identify { port, .. } => {
            let mut talk = Talk::with(Line::open(&port).await?);
            let (identity, networks) = identify::identify(&mut talk).await?;
            teller.identified(identity, networks).await;
            Ok(())
        }
        PortOrder::Provision { port, board, secret, wifi, .. } => {
            let reach = (gateway.0)().ok_or(PortTrouble::NoAddress)?;
            let handover = Handover {
                board,
                secret,
                host: reach.host,
                port: reach.port,
                authority: reach.authority,
                time: reach.time,
            };
            let document = handover.encode().map_err(|error| {
                tracing::error!(%error, "a board cannot be given what it needs: a defect of gatehouse, please report it");
                PortTrouble::NotTaken
            })?;
            let mut talk = Talk::with(Line::open(&port).await?);
            provision::provision(&mut talk, &document, &wifi, teller).await
        }
        PortOrder::GiveWifi { port, firmware, wifi, .. } => give_wifi(&port, &firmware, &wifi, teller).await,
        // One has an end of its own, the other nothing to do.
        PortOrder::Flash { .. } | PortOrder::Release { .. } => Ok(()),
    }
}

async fn give_wifi(port: &PortName, firmware: &str, wifi: &WifiSettings, teller: &Teller) -> Result<(), PortTrouble> {
    let mut talk = Talk::with(Line::open(port).await?);
    wifi::give(&mut talk, firmware, wifi, teller).await
}
