//! The header's part of the daemon: its pins are taken and its relays put where they belong before anything else, and it becomes a device
//! of the home once there is one.

use crate::config::Config;
use crate::factory_reset::{Eraser, Stays};
use gatehouse_core::access::Administer;
use gatehouse_core::board_settings::ConfigOrder;
use gatehouse_core::command::BoardSession;
use gatehouse_core::device::Order;
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::notice::NoticeKind;
use gatehouse_core::view::{Availability, Change, View};
use gatehouse_gpio::{Board, Ends, HeaderOrder, Kept, Light, OpenError, RaspberryPi, Wired, boot_id, endpoint};
use gatehouse_hub::{Feed, Hub};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Orders that may wait; a further one is dropped, and its deadline settles it.
const ORDERS: usize = 64;

/// Relays that are where they belong.
pub(crate) struct Header {
    board: Board<RaspberryPi>,
    buttons: Arc<Notify>,
    wired: Wired,
    /// What the machine calls itself.
    model: String,
}

/// What became of `[gpio]`.
pub(crate) enum Opened {
    /// It is switched off.
    Off,
    /// It is there.
    Here(Box<Header>),
    /// It cannot be used.
    Not(OpenError),
}

/// How that stands, for whoever asks the daemon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Standing {
    /// It is switched off.
    Off,
    /// It is in use: what machine this is, how many relays there are, and what else there is.
    InUse { model: String, relays: usize, status_light: bool, reset_button: bool },
    /// It cannot be used: why, and what to do.
    Unusable { problem: String },
}

/// Takes the pins of `[gpio]`, in this run of the daemon.
pub(crate) fn open(config: &Config, boot: u32) -> Opened {
    let Some(wired) = config.gpio.clone() else { return Opened::Off };
    let pins = match RaspberryPi::open(&wired) {
        Ok(pins) => pins,
        Err(error) => {
            tracing::error!("{error}");
            return Opened::Not(error);
        }
    };
    let (buttons, model) = (pins.changed(), pins.model().to_owned());
    // Another one at each start, as a board draws it.
    let session = BoardSession(NonZeroU32::MIN.saturating_add(boot));
    let kept = Kept::read(&Kept::path(&config.data_dir));
    let board = Board::start(pins, &wired, kept, &boot_id(), (&model, session));
    Opened::Here(Box::new(Header { board, buttons, wired, model }))
}

impl Opened {
    pub(crate) fn standing(&self) -> Standing {
        match self {
            Self::Off => Standing::Off,
            Self::Here(header) => Standing::InUse {
                model: header.model.clone(),
                relays: header.wired.relays.len(),
                status_light: header.wired.status_light.is_some(),
                reset_button: header.wired.reset_button.is_some(),
            },
            Self::Not(error) => Standing::Unusable { problem: error.to_string() },
        }
    }

    /// What the owner is told of one that cannot be used: why, of the kind that it is.
    pub(crate) fn told(&self) -> [(NoticeKind, Option<Arc<str>>); 2] {
        let (missing, unusable) = match self {
            Self::Not(error @ OpenError::NoHeader) => (Some(error.why().into()), None),
            Self::Not(error) => (None, Some(error.why().into())),
            Self::Off | Self::Here(_) => (None, None),
        };
        [(NoticeKind::HeaderMissing, missing), (NoticeKind::HeaderUnusable, unusable)]
    }
}

/// How the hub orders something of the header; what it drops, a deadline settles.
#[derive(Clone)]
pub(crate) struct Orders(mpsc::Sender<HeaderOrder>);

impl Orders {
    /// With the header's end.
    pub(crate) fn new() -> (Self, mpsc::Receiver<HeaderOrder>) {
        let (sender, orders) = mpsc::channel(ORDERS);
        (Self(sender), orders)
    }

    /// A command.
    pub(crate) fn send(&self, order: &Order) {
        self.give(HeaderOrder::Switch(order.clone()));
    }

    /// A wish.
    pub(crate) fn configure(&self, order: &ConfigOrder) {
        self.give(HeaderOrder::Configure(order.clone()));
    }

    fn give(&self, order: HeaderOrder) {
        if self.0.try_send(order).is_err() {
            tracing::debug!("an order to the header was not sent");
        }
    }
}

impl Header {
    /// Serves it until `stop`.
    pub(crate) async fn run(
        self,
        config_path: std::path::PathBuf,
        (hub, eraser): (Hub, Eraser),
        (orders, inbox): (mpsc::Receiver<HeaderOrder>, mpsc::Sender<EdgeEvent>),
        stop: CancellationToken,
    ) {
        let Self { board, buttons, wired, model: _ } = self;
        let (knows, known) = watch::channel(false);
        let (shows, light) = watch::channel(Light::default());
        let reset = Arc::new(Notify::new());
        let ends = Ends { orders, known, inbox, light, buttons, reset: reset.clone(), path: config_path };
        let follow = async {
            follow((hub, eraser), wired, (knows, shows), reset).await;
            // Without them it is the header that has to come to its end, with its pulses.
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = gatehouse_gpio::run(board, ends, stop) => {}
            () = follow => {}
        }
    }
}

/// Has the home take the header in once there is a home, says by its light how that is, and takes the home away when the reset button
/// was held. Ends with the hub, or with the home.
async fn follow(
    (hub, eraser): (Hub, Eraser),
    wired: Wired,
    (knows, shows): (watch::Sender<bool>, watch::Sender<Light>),
    reset: Arc<Notify>,
) {
    let (mut view, mut changes) = hub.watch();
    loop {
        shows.send_if_modified(|light| std::mem::replace(light, word(&view)) != word(&view));
        if view.home.is_some() && !*knows.borrow() && !wired.relays.is_empty() {
            adopt(&hub, &wired, &knows).await;
        }
        loop {
            let change = tokio::select! {
                change = changes.next() => change,
                () = reset.notified() => {
                    shows.send_replace(Light::Leaving);
                    if erase(&eraser).await {
                        return;
                    }
                    view = hub.view();
                    break;
                }
            };
            view = match change {
                None => return,
                Some(Feed::Lagged(view)) => view,
                Some(Feed::Change(change)) if matters(&change) => hub.view(),
                Some(Feed::Change(_)) => continue,
            };
            break;
        }
    }
}

async fn adopt(hub: &Hub, wired: &Wired, knows: &watch::Sender<bool>) {
    let relays = wired.relays.iter().map(|relay| endpoint(relay.pin)).collect();
    match hub.adopt_header(relays).await {
        Ok(device) => {
            tracing::info!(device = %device.name, relays = wired.relays.len(), "the gateway's own header is a device of the home");
            knows.send_replace(true);
        }
        // It is tried again when the home is another.
        Err(denied) => tracing::error!(?denied, "the gateway's own header could not become a device of the home"),
    }
}

/// For whoever stands before the gateway: the log is all that can tell of it afterwards. False when the home stays.
async fn erase(eraser: &Eraser) -> bool {
    match eraser.erase(Administer::console()).await {
        Ok(_starts_anew) => return true,
        Err(stays @ Stays::Disk(_)) => tracing::error!("the reset button was held, but {stays}"),
        Err(stays) => tracing::warn!("the reset button was held, but {stays}"),
    }
    false
}

/// Whether a change may be one of what the light says, or lets the header in.
fn matters(change: &Change) -> bool {
    matches!(
        change,
        Change::Home(_) | Change::Device(_) | Change::DeviceRemoved(_) | Change::Notice(_) | Change::NoticeRemoved(_)
    )
}

/// What the status light says of a home.
fn word(view: &View) -> Light {
    let well = || view.notices.is_empty() && view.devices.iter().all(|d| d.availability == Availability::Online);
    match view.home {
        None => Light::Unclaimed,
        Some(_) if well() => Light::Well,
        Some(_) => Light::Attention,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use gatehouse_core::access::{Client, TokenHash};
    use gatehouse_core::board_settings::Wiring;
    use gatehouse_core::device::{BoardEvent, BoardState, Description, Said, SecretHash};
    use gatehouse_core::home::Claim;
    use gatehouse_core::ids::LinkId;
    use gatehouse_core::name::{BoardId, Name};
    use gatehouse_core::notice::Subject;
    use gatehouse_gpio::RelayPin;
    use gatehouse_hub::Ports;
    use std::time::Duration;

    #[test]
    fn the_owner_is_told_why_and_no_longer_what_was() {
        let said = |opened: Opened| opened.told().map(|(_, why)| why.map(|why| why.to_string()));
        assert_eq!(said(Opened::Off), [None, None]);
        let [missing, unusable] = said(Opened::Not(OpenError::NoHeader));
        assert!(missing.is_some_and(|why| why.contains("no GPIO header")) && unusable.is_none());
        let busy = Opened::Not(OpenError::Busy { pin: 4, by: "function ALT0".to_owned() });
        let Standing::Unusable { problem } = busy.standing() else { panic!("it is not used") };
        assert!(problem.contains("take another pin"), "{problem}");
        let [missing, unusable] = said(busy);
        assert!(missing.is_none() && unusable.is_some_and(|why| why.starts_with("pin 4 is used")));
    }

    /// A hub whose store takes everything.
    pub(crate) fn home() -> (Hub, mpsc::Sender<EdgeEvent>) {
        let (edge, edge_events) = mpsc::channel(16);
        let (written_sender, written) = mpsc::channel(16);
        let ports = Ports {
            edge: edge_events,
            serial: mpsc::channel(1).1,
            nearby: mpsc::channel(1).1,
            port_orders: Box::new(|_| {}),
            nearby_orders: Box::new(|_| {}),
            orders: Box::new(|_| {}),
            secrets: Box::new(|_| {}),
            config_orders: Box::new(|_| {}),
            beliefs: Box::new(|_, _| {}),
            writes: Box::new(move |ticket, _| {
                ticket.into_iter().for_each(|ticket| written_sender.try_send((ticket, true)).unwrap());
                Ok(())
            }),
            written,
            credentials: watch::channel(Arc::default()).0,
            announced: watch::channel(Arc::default()).0,
        };
        let (hub, event_loop) = gatehouse_hub::hub(1, Vec::new(), ports);
        tokio::spawn(event_loop.run(CancellationToken::new()));
        (hub, edge)
    }

    /// Makes it the home called Home.
    pub(crate) async fn claim(hub: &Hub) {
        let claim = Claim {
            code: hub.claim_code().await.unwrap().unwrap(),
            home_name: Name::new("Home").unwrap(),
            member_name: Name::new("Ana").unwrap(),
            password_hash: "$argon2id$".into(),
            time_zone: "Etc/UTC".into(),
            token: TokenHash([7; 32]),
            client: Client::default(),
        };
        hub.claim(claim).await.unwrap();
    }

    async fn until<T: PartialEq + Copy + std::fmt::Debug>(seen: &mut watch::Receiver<T>, wanted: T) {
        let comes = seen.wait_for(|now| *now == wanted);
        let came = tokio::time::timeout(Duration::from_secs(10), comes).await;
        assert!(matches!(came, Ok(Ok(_))), "{wanted:?} never came");
    }

    #[tokio::test]
    async fn the_home_takes_the_header_in_the_light_says_how_the_home_is_and_the_button_takes_it_away() {
        let (hub, edge) = home();
        let (knows, mut known) = watch::channel(false);
        let (shows, mut light) = watch::channel(Light::Well);
        let relay = RelayPin { pin: 17, wiring: Wiring::default(), button: None };
        let wired = Wired { relays: vec![relay], ..Wired::default() };
        let (folder, reset, anew) = (tempfile::tempdir().unwrap(), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let eraser = Eraser::new(hub.clone(), folder.path().to_owned(), anew.clone());
        tokio::spawn(follow((hub.clone(), eraser.clone()), wired, (knows, shows), reset.clone()));
        until(&mut light, Light::Unclaimed).await;
        assert!(!*known.borrow());
        let marked = || folder.path().join("factory-reset").exists();
        let stays = eraser.erase(Administer::console()).await;
        assert!(matches!(stays, Err(Stays::Unclaimed)) && !marked(), "nobody's home cannot be taken away");
        claim(&hub).await;
        until(&mut known, true).await;
        assert!(hub.view().devices[0].is_header() && hub.view().switches.len() == 1);
        until(&mut light, Light::Attention).await;

        let (board, link) = (BoardId::header(), LinkId(0));
        let (native, rotates, configures, moves, relays) = (true, false, true, false, Vec::new());
        let session = BoardSession(NonZeroU32::MIN);
        edge.send(
            BoardEvent::Connected {
                board: board.clone(),
                link,
                address: None,
                secret: SecretHash([0; 32]),
                private: true,
            }
            .into(),
        )
        .await
        .unwrap();
        for said in [
            Said::Description(Description { native, rotates, configures, moves, relays }),
            Said::Session(session, 0),
            Said::State(BoardState::Ready),
        ] {
            edge.send(BoardEvent::Said { board: board.clone(), link, said }.into()).await.unwrap();
        }
        until(&mut light, Light::Well).await;
        hub.tell_condition(NoticeKind::PlainMqtt, vec![Subject::Gateway]).unwrap();
        until(&mut light, Light::Attention).await;

        reset.notify_one();
        until(&mut light, Light::Leaving).await;
        let begins_anew = tokio::time::timeout(Duration::from_secs(10), anew.notified()).await;
        assert!(begins_anew.is_ok() && marked());
        assert_eq!(*light.borrow(), Light::Leaving, "until it does");
        assert_eq!(hub.view().devices.len(), 1, "its own header is told by the start that comes");
    }
}
