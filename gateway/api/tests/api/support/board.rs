//! A board, as the edge would tell of it.

use super::within;
use gatehouse_core::board_settings::{ConfigOrder, Configured, RelaySetting};
use gatehouse_core::command::{BoardSession, OrderId, Reason};
use gatehouse_core::device::{BoardEvent, BoardState, Cause, Description, Order, Refusal, Report, Said, SecretHash};
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::ids::LinkId;
use gatehouse_core::name::{BoardId, Endpoint};
use std::num::NonZeroU32;
use tokio::sync::{broadcast, mpsc};

pub(crate) struct Board {
    /// Its device's id.
    pub(crate) device: String,
    /// Its switches' ids.
    pub(crate) switches: Vec<String>,
    id: BoardId,
    events: mpsc::Sender<EdgeEvent>,
    orders: broadcast::Receiver<Order>,
    link: u64,
    counter: u32,
    /// Whether nobody can read along when it connects.
    pub(crate) private: bool,
    /// Whether it declares the settings extension.
    pub(crate) configures: bool,
}

impl Board {
    pub(crate) fn new(
        id: &str,
        device: String,
        switches: Vec<String>,
        events: mpsc::Sender<EdgeEvent>,
        orders: broadcast::Receiver<Order>,
    ) -> Self {
        Self {
            device,
            switches,
            id: BoardId::new(id).unwrap(),
            events,
            orders,
            link: 0,
            counter: 0,
            private: true,
            configures: false,
        }
    }

    fn session(&self) -> BoardSession {
        BoardSession(NonZeroU32::new(u32::try_from(self.link).unwrap()).unwrap())
    }

    async fn say(&self, said: Said) {
        let event = BoardEvent::Said { board: self.id.clone(), link: LinkId(self.link), said };
        self.events.send(event.into()).await.unwrap();
    }

    /// Logs in and gets ready, all relays off.
    pub(crate) async fn connect(&mut self) {
        self.connect_with(SecretHash([7; 32])).await;
    }

    /// The same, with another secret.
    pub(crate) async fn connect_with(&mut self, secret: SecretHash) {
        self.link += 1;
        let (board, link, private) = (self.id.clone(), LinkId(self.link), self.private);
        let address = Some("192.168.7.20".parse().unwrap());
        let connected = BoardEvent::Connected { board, link, address, secret, private };
        self.events.send(connected.into()).await.unwrap();
        let relays = (1..=self.switches.len()).map(Endpoint::relay).collect();
        self.say(Said::Session(self.session(), 1_000)).await;
        self.say(Said::Description(Description {
            native: true,
            rotates: true,
            configures: self.configures,
            moves: self.configures,
            relays,
        }))
        .await;
        for relay in 1..=self.switches.len() {
            self.report(relay, false, Cause::Boot, None).await;
        }
        self.say(Said::State(BoardState::Ready)).await;
    }

    /// Its connection is gone.
    pub(crate) async fn vanish(&self) {
        let gone = BoardEvent::Disconnected { board: self.id.clone(), link: LinkId(self.link) };
        self.events.send(gone.into()).await.unwrap();
    }

    pub(crate) async fn report(&mut self, relay: usize, on: bool, cause: Cause, obeyed: Option<OrderId>) {
        self.counter += 1;
        let report = Report {
            session: self.session(),
            counter: NonZeroU32::new(self.counter).unwrap(),
            uptime_ms: 1_000 + u64::from(self.counter),
            endpoint: Endpoint::relay(relay),
            on,
            cause,
            obeyed,
        };
        self.say(Said::Report(report)).await;
    }

    /// The next command it is sent.
    pub(crate) async fn order(&mut self) -> Order {
        within("an order", async {
            loop {
                let order = self.orders.recv().await.unwrap();
                if order.board == self.id {
                    return order;
                }
            }
        })
        .await
    }

    /// It says what a setting of a relay is.
    pub(crate) async fn says_setting(&self, relay: usize, setting: RelaySetting) {
        self.say(Said::Setting(Endpoint::relay(relay), setting)).await;
    }

    /// It carries out an order to configure, or says why not.
    pub(crate) async fn answers(&self, order: &ConfigOrder, refused: Option<Reason>) {
        let endpoint = Endpoint::new("relay-1/pulse").unwrap();
        let said = match refused {
            Some(reason) => Said::Refusal(Refusal { order: order.id, uptime_ms: 5_000, endpoint, reason }),
            None => Said::Configured(Configured { order: order.id, uptime_ms: 5_000, endpoint, value: "true".into() }),
        };
        self.say(said).await;
    }

    /// Does what the next command says.
    pub(crate) async fn obey(&mut self) {
        let order = self.order().await;
        let relay = (1..=self.switches.len()).find(|relay| Endpoint::relay(*relay) == order.endpoint).unwrap();
        self.report(relay, order.on, Cause::Command, Some(order.id)).await;
    }

    /// Says no to the next command.
    pub(crate) async fn refuse(&mut self, reason: Reason) {
        let order = self.order().await;
        self.say(Said::Refusal(Refusal { order: order.id, uptime_ms: 5_000, endpoint: order.endpoint, reason })).await;
    }
}
