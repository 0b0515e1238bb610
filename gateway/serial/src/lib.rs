//! Boards on USB serial ports: which ports are there, who answers at them, and how a board is given Wi-Fi and a home
//! ([`PROVISIONING.md`](../../wire/PROVISIONING.md)).
//!
//! **Invariants.** No port is opened but by an order, and none that no glob names. One order at a time has a port, and its file is
//! closed when the order ends, however it does. A port is opened and closed without a board noticing, but to flash it: then
//! the program that does has it, and nobody else of ours.

mod flash;
mod identify;
mod line;
mod look;
mod provision;
mod talk;
mod task;
#[cfg(test)]
mod tests;
mod usb;
mod wifi;

pub use flash::Flasher;

use gatehouse_core::onboarding::{Attempt, PortEvent, PortName, PortOrder, PortTrouble};
use look::Seen;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use task::Teller;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// How often it is looked which ports are there. A look reads a folder or two, in some ten microseconds; to be told instead would need
/// a watch on each folder of each glob, on what symlinks lead to, and on what becomes of permissions, and a look all the same.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which ports there may be.
#[derive(Clone, Debug)]
pub struct Config {
    /// Paths with `*`, `?` and `[…]`: `/dev/ttyUSB*`. None that [`check_glob`] does not take.
    pub ports: Vec<String>,
    /// Where the kernel tells of its devices.
    pub sys: PathBuf,
    /// What writes firmware to boards.
    pub flasher: Flasher,
}

impl Config {
    /// The ports of these globs, on this machine.
    pub fn of(ports: Vec<String>, flasher: Flasher) -> Self {
        Self { ports, sys: PathBuf::from("/sys"), flasher }
    }
}

/// Whether a glob can name ports.
///
/// # Errors
/// What is wrong with it.
pub fn check_glob(glob: &str) -> Result<(), String> {
    if !glob.starts_with('/') {
        return Err("it must begin with /".to_owned());
    }
    glob::Pattern::new(glob).map(|_| ()).map_err(|error| error.msg.to_owned())
}

/// What a board has to know of the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// The name or address that it is to dial.
    pub host: Arc<str>,
    /// The port there.
    pub port: u16,
    /// The certificate of the home's authority, DER; empty for plain TCP.
    pub authority: Vec<u8>,
    /// Seconds since 1970, while the gateway trusts its clock.
    pub time: Option<u64>,
}

/// Asked when a board is to be told: a gateway's address changes. None when no board could reach it.
#[derive(Clone)]
pub struct Gateway(pub Arc<dyn Fn() -> Option<Reach> + Send + Sync>);

/// Tells which ports come and go, and does as it is ordered at each, until `stop`.
///
/// Who does not take the events in holds up everything here, and nothing is lost. With another `config` a port that no glob names any more
/// is gone, with what was under way there.
pub async fn run(
    config: watch::Receiver<Config>,
    orders: mpsc::Receiver<PortOrder>,
    events: mpsc::Sender<PortEvent>,
    gateway: Gateway,
    stop: CancellationToken,
) {
    let mut ports = Ports { config, events, gateway, seen: BTreeMap::new(), running: HashMap::new() };
    tokio::select! {
        () = stop.cancelled() => {}
        () = ports.serve(orders) => {}
    }
    for (_, running) in ports.running.drain() {
        running.end().await;
    }
}

/// An order that is being carried out.
struct Running {
    attempt: Attempt,
    task: JoinHandle<()>,
    /// Ends one that has a program to end; all others are simply dropped.
    stop: Option<CancellationToken>,
}

impl Running {
    /// Ends it, with which its port is closed. Whether it had not ended by itself.
    async fn end(self) -> bool {
        match self.stop {
            Some(stop) => stop.cancel(),
            None => self.task.abort(),
        }
        self.task.await.is_err()
    }
}

struct Ports {
    config: watch::Receiver<Config>,
    events: mpsc::Sender<PortEvent>,
    gateway: Gateway,
    seen: BTreeMap<PortName, Seen>,
    running: HashMap<PortName, Running>,
}

impl Ports {
    async fn serve(&mut self, mut orders: mpsc::Receiver<PortOrder>) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = looks.tick() => self.look().await,
                Some(order) = orders.recv() => self.obey(order).await,
            }
        }
    }

    /// Finds out what has changed, and tells.
    async fn look(&mut self) {
        self.running.retain(|_, running| !running.task.is_finished());
        let now = look::ports(&self.config.borrow());
        let before = std::mem::replace(&mut self.seen, now);
        for event in look::changes(&before, &self.seen) {
            if let PortEvent::Gone(port) = &event
                && let Some(running) = self.running.remove(port)
            {
                let attempt = running.attempt;
                if running.end().await {
                    teller(&self.events, port, attempt).failed(PortTrouble::Gone).await;
                }
            }
            tell(&self.events, event).await;
        }
    }

    async fn obey(&mut self, order: PortOrder) {
        let (port, attempt) = match &order {
            PortOrder::Identify { port, attempt }
            | PortOrder::Provision { port, attempt, .. }
            | PortOrder::GiveWifi { port, attempt, .. }
            | PortOrder::Flash { port, attempt, .. } => (port.clone(), Some(*attempt)),
            PortOrder::Release { port } => (port.clone(), None),
        };
        if let Some(before) = self.running.remove(&port) {
            before.end().await;
        }
        let Some(attempt) = attempt else { return };
        if !self.seen.contains_key(&port) {
            self.look().await;
        }
        let teller = teller(&self.events, &port, attempt);
        if !self.seen.contains_key(&port) {
            return teller.failed(PortTrouble::Gone).await;
        }
        let (task, stop) = match order {
            PortOrder::Flash { image, .. } => {
                let stop = CancellationToken::new();
                let task = task::flash(image, teller, self.config.borrow().flasher.clone(), stop.clone());
                (tokio::spawn(task), Some(stop))
            }
            order => (tokio::spawn(task::carry_out(order, teller, self.gateway.clone())), None),
        };
        self.running.insert(port, Running { attempt, task, stop });
    }
}

fn teller(events: &mpsc::Sender<PortEvent>, port: &PortName, attempt: Attempt) -> Teller {
    Teller { events: events.clone(), port: port.clone(), attempt }
}

/// The home is gone only when the daemon stops.
async fn tell(events: &mpsc::Sender<PortEvent>, event: PortEvent) {
    let _home_gone = events.send(event).await;
}
