//! One gateway: store, hub and API.

use super::{Board, Client, Socket, within};
use gatehouse_api::{Api, Limits, Listener, Serve, Settings};
use gatehouse_core::access::{Administer, Credentials, TokenHash, Viewer};
use gatehouse_core::board_settings::ConfigOrder;
use gatehouse_core::device::{NewSecret, Order, SecretHash};
use gatehouse_core::edge::EdgeEvent;
use gatehouse_core::home::Registration;
use gatehouse_core::homeassistant::Prefix;
use gatehouse_core::integration::{BoardFilters, Filter};
use gatehouse_core::name::{BoardId, Name};
use gatehouse_core::nearby::NearbyEvent;
use gatehouse_core::onboarding::{PortEvent, PortOrder};
use gatehouse_core::record::Record;
use gatehouse_hub::{Clock, Hub, Ports, hub_by};
use gatehouse_store::{Batch, Writer};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const PASSWORD: &str = "correct horse";

pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) hub: Hub,
    pub(crate) ready: watch::Sender<bool>,
    pub(crate) stop: CancellationToken,
    pub(crate) api: JoinHandle<()>,
    edge: mpsc::Sender<EdgeEvent>,
    orders: broadcast::Sender<Order>,
    /// Orders to configure for boards, as they are sent.
    pub(crate) config_orders: broadcast::Sender<ConfigOrder>,
    /// New secrets for boards, as they are sent.
    pub(crate) secrets: broadcast::Sender<NewSecret>,
    serial: mpsc::Sender<PortEvent>,
    nearby: mpsc::Sender<NearbyEvent>,
    /// What is to be done at serial ports.
    pub(crate) port_orders: broadcast::Sender<PortOrder>,
    hub_stop: CancellationToken,
    _writer: Writer,
    credentials: watch::Receiver<Arc<Credentials>>,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        self.stop.cancel();
        self.hub_stop.cancel();
    }
}

/// Stands in for the edge's.
pub(crate) fn hash_secret(user: &str, secret: &[u8]) -> SecretHash {
    SecretHash(Sha256::digest([user.as_bytes(), b"\0", secret].concat()).into())
}

/// Stands in for those of the wire.
pub(crate) fn home_assistant_filters(prefix: &Prefix) -> (Vec<Filter>, Vec<Filter>) {
    let filter = |end: &str| vec![Filter::new(&format!("{prefix}/{end}")).unwrap()];
    (filter("says"), filter("hears/#"))
}

pub(crate) fn settings() -> Settings {
    Settings {
        public_hosts: vec!["home.example".to_owned()],
        public_name: None,
        allowed_origins: vec!["https://panel.example".to_owned()],
        time_zone: "Europe/Vienna".to_owned(),
        version: "1.2.3-test",
        ca: None,
        hash_secret,
        images: gatehouse_api::Images::default(),
        // Stand in for those of a real board.
        board_filters: BoardFilters {
            hear: |board| format!("hear/{}", board.map_or("all", BoardId::as_str)),
            operate: |board| format!("operate/{}", board.map_or("all", BoardId::as_str)),
        },
        home_assistant_filters,
        meter: gatehouse_api::Meter::default(),
        mail: None,
        provider: None,
        backups: gatehouse_api::BackupDesk::default(),
        restore: gatehouse_api::RestoreDesk::default(),
        factory_reset: gatehouse_api::FactoryResetDesk::default(),
        limits: Limits::default(),
    }
}

/// On a free port of loopback.
pub(crate) async fn listener(serve: Serve) -> Listener {
    Listener { socket: TcpListener::bind("127.0.0.1:0").await.unwrap(), serve }
}

impl Gateway {
    /// A gateway without an owner.
    pub(crate) async fn unclaimed() -> Self {
        Self::with(settings()).await
    }

    /// A gateway whose owner Ana is signed in as the client's bearer.
    pub(crate) async fn claimed() -> (Self, Client) {
        Self::claimed_with(settings()).await
    }

    pub(crate) async fn claimed_with(settings: Settings) -> (Self, Client) {
        let gateway = Self::with(settings).await;
        let token = gateway.claim().await;
        let client = gateway.client().bearer(&token);
        (gateway, client)
    }

    pub(crate) async fn with(settings: Settings) -> Self {
        Self::on(vec![listener(Serve::Everything).await], settings).await
    }

    /// Its address is the first listener's.
    pub(crate) async fn on(listeners: Vec<Listener>, settings: Settings) -> Self {
        Self::of(Vec::new(), Clock::start(), listeners, settings).await
    }

    /// A home with these records from the start, by this clock.
    pub(crate) async fn of(records: Vec<Record>, clock: Clock, listeners: Vec<Listener>, settings: Settings) -> Self {
        let opened = gatehouse_store::in_memory().unwrap();
        let commands = opened.store.reader();
        let (written_tx, written) = mpsc::channel(1_024);
        let writer = opened.store.start_writer(move |ticket, outcome| {
            written_tx.try_send((ticket, outcome.is_ok())).unwrap();
        });
        let queue = writer.queue();
        let (edge, edge_events) = mpsc::channel(1_024);
        let (orders, _) = broadcast::channel(1_024);
        let (credentials_tx, credentials) = watch::channel(Arc::default());
        let (secrets, _) = broadcast::channel(16);
        let (config_orders, _) = broadcast::channel(16);
        let (serial, serial_events) = mpsc::channel(64);
        let (nearby, nearby_events) = mpsc::channel(64);
        let (port_orders, _) = broadcast::channel(64);
        let configures = config_orders.clone();
        let (sent, sent_secrets, asked) = (orders.clone(), secrets.clone(), port_orders.clone());
        let ports = Ports {
            edge: edge_events,
            serial: serial_events,
            nearby: nearby_events,
            port_orders: Box::new(move |order| drop(asked.send(order))),
            nearby_orders: Box::new(|_| {}),
            orders: Box::new(move |order| drop(sent.send(order.clone()))),
            secrets: Box::new(move |new| drop(sent_secrets.send(new.clone()))),
            config_orders: Box::new(move |order| drop(configures.send(order.clone()))),
            beliefs: Box::new(|_, _| {}),
            writes: Box::new(move |ticket, records| {
                queue.try_send(Batch { ticket, records }).map_err(|full| full.0.records)
            }),
            written,
            credentials: credentials_tx,
            announced: watch::channel(Arc::default()).0,
        };
        let records = opened.records.into_iter().chain(records).collect();
        let (hub, event_loop) = hub_by(clock, opened.boot, records, ports);
        let (stop, hub_stop) = (CancellationToken::new(), CancellationToken::new());
        tokio::spawn(event_loop.run(hub_stop.clone()));
        let (ready, ready_seen) = watch::channel(true);
        let address = listeners[0].socket.local_addr().unwrap();
        let api = Api::new(hub.clone(), commands, ready_seen, settings);
        let api = tokio::spawn(api.run(listeners, stop.clone()));
        Self {
            address,
            hub,
            ready,
            stop,
            api,
            edge,
            orders,
            config_orders,
            secrets,
            serial,
            nearby,
            port_orders,
            hub_stop,
            _writer: writer,
            credentials,
        }
    }

    /// The edge tells something.
    pub(crate) async fn edge(&self, event: EdgeEvent) {
        self.edge.send(event).await.unwrap();
    }

    /// A serial port tells something.
    pub(crate) async fn port(&self, event: PortEvent) {
        self.serial.send(event).await.unwrap();
    }

    /// The network tells of a board.
    pub(crate) async fn nearby(&self, event: NearbyEvent) {
        self.nearby.send(event).await.unwrap();
    }

    /// Who may log in at the edge.
    pub(crate) fn credentials(&self) -> Arc<Credentials> {
        self.credentials.borrow().clone()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.address)
    }

    pub(crate) async fn socket(&self, token: &str) -> Socket {
        Socket::signed_in(self.address, token).await
    }

    pub(crate) async fn claim_code(&self) -> String {
        self.hub.claim_code().await.unwrap().expect("the gateway has no owner")
    }

    /// Makes Ana the owner; her token.
    pub(crate) async fn claim(&self) -> String {
        let input = json!({
            "code": self.claim_code().await, "homeName": "Lakeside", "memberName": "Ana", "password": PASSWORD,
        });
        let document = "mutation ($input: ClaimGatewayInput!) { claimGateway(input: $input) { token } }";
        let reply = self.client().ask(document, json!({ "input": input })).await;
        reply.data()["claimGateway"]["token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn sign_in(&self) -> String {
        let document = r#"mutation { signIn(input: {name: "Ana", password: "correct horse"}) { token } }"#;
        let reply = self.client().ask(document, json!({})).await;
        reply.data()["signIn"]["token"].as_str().expect("a token").to_owned()
    }

    /// Signs Ana in with a client that calls itself so; its token.
    pub(crate) async fn sign_in_as(&self, user_agent: &str) -> String {
        let document = r#"mutation { signIn(input: {name: "Ana", password: "correct horse"}) { token } }"#;
        let reply = self.client().header("user-agent", user_agent).ask(document, json!({})).await;
        reply.data()["signIn"]["token"].as_str().expect("a token").to_owned()
    }

    /// The person behind a token, as the hub knows them.
    pub(crate) fn viewer(&self, token: &str) -> Viewer {
        let hash = TokenHash(Sha256::digest(token.as_bytes()).into());
        self.hub.view().access.viewer(&hash).unwrap()
    }

    /// A claimed board with these relays, not connected.
    pub(crate) async fn board(&self, id: &str, relays: usize) -> Board {
        let board = Registration {
            board: BoardId::new(id).unwrap(),
            secret: SecretHash([7; 32]),
            name: Some(Name::new(&format!("Board {id}")).unwrap()),
            room: None,
            relays,
        };
        let device = self.hub.register_board(Administer::console(), board).await.unwrap();
        let view = self.hub.view();
        let switches = view.switches.iter().filter(|switch| switch.device == device.id);
        let switches = switches.map(|switch| switch.id.to_string()).collect();
        Board::new(id, device.id.to_string(), switches, self.edge.clone(), self.orders.subscribe())
    }

    /// A board that is no device yet logs in with what it was given.
    pub(crate) async fn board_logs_in(&self, id: &str, secret: &str) {
        let mut board = Board::new(id, String::new(), Vec::new(), self.edge.clone(), self.orders.subscribe());
        board.connect_with(hash_secret(id, secret.as_bytes())).await;
    }

    /// A claimed board that takes commands.
    pub(crate) async fn online_board(&self, id: &str, relays: usize) -> Board {
        let mut board = self.board(id, relays).await;
        board.connect().await;
        self.until("the board is online", |view| {
            view.devices.iter().any(|device| {
                device.id.to_string() == board.device
                    && device.availability == gatehouse_core::view::Availability::Online
            })
        })
        .await;
        board
    }

    /// Waits until the view is as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&gatehouse_core::view::View) -> bool) {
        within(what, async {
            let (view, mut changes) = self.hub.watch();
            if wanted(&view) {
                return;
            }
            while changes.next().await.is_some() {
                if wanted(&self.hub.view()) {
                    return;
                }
            }
        })
        .await;
    }
}
