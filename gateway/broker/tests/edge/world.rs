//! An edge under test with its hub's side held by the test.

use crate::client::Client;
use gatehouse_broker::{Broker, Count, Counters, Keeping, Limits, Listener, Orders, secret_hash};
use gatehouse_core::access::{BoardCredential, Credentials, IntegrationCredential};
use gatehouse_core::board_settings::{ConfigOrder, Wish};
use gatehouse_core::command::{BoardSession, OrderId};
use gatehouse_core::device::{BoardEvent, NewSecret, Order, Said, Secret};
use gatehouse_core::edge::{Belief, EdgeEvent, IntegrationCommand};
use gatehouse_core::homeassistant::Announced;
use gatehouse_core::ids::{DeviceId, LinkId};
use gatehouse_core::name::{BoardId, Endpoint};
use gatehouse_core::notice::Incident;
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

pub(crate) struct World {
    pub(crate) at: SocketAddr,
    /// The same over TLS, where the world has it.
    pub(crate) tls_at: Option<SocketAddr>,
    pub(crate) orders: Orders,
    pub(crate) counters: Arc<Counters>,
    pub(crate) credentials: watch::Sender<Arc<Credentials>>,
    /// What Home Assistant is to be told.
    pub(crate) announced: watch::Sender<Arc<Announced>>,
    pub(crate) stop: CancellationToken,
    pub(crate) running: JoinHandle<()>,
    pub(crate) events: mpsc::Receiver<EdgeEvent>,
    incidents: Vec<Incident>,
    /// Whether every board is believed as soon as it has logged in.
    pub(crate) believing: bool,
}

pub(crate) fn board(id: &str) -> BoardId {
    BoardId::new(id).unwrap()
}

/// Boards `relay-1` to `relay-3` and integrations `house` (everything) and `garden` (only `garden/#`); a secret is
/// `secret of <name>`.
pub(crate) fn credentials() -> Credentials {
    let mut credentials = Credentials::default();
    for number in 1..=3 {
        let id = format!("relay-{number}");
        let secret = secret_hash(&id, secret(&id).as_bytes());
        credentials
            .boards
            .insert(board(&id), BoardCredential { device: DeviceId::from_raw(number), secret, next: None });
    }
    for (user, filter) in [("house", "#"), ("garden", "garden/#")] {
        let secret = secret_hash(user, secret(user).as_bytes());
        let filters = vec![filter.to_owned()];
        let credential = IntegrationCredential { secret, publish: filters.clone(), subscribe: filters };
        credentials.integrations.insert(user.into(), credential);
    }
    credentials
}

pub(crate) fn secret(user: &str) -> String {
    format!("secret of {user}")
}

async fn bound() -> (TcpListener, SocketAddr) {
    let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = socket.local_addr().unwrap();
    (socket, at)
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default(), 256).await
    }

    pub(crate) async fn with(limits: Limits, inbox: usize) -> Self {
        Self::over(limits, inbox, None).await
    }

    pub(crate) async fn over(limits: Limits, inbox: usize, tls: Option<Arc<ServerConfig>>) -> Self {
        Self::start(limits, inbox, tls, Announced::default(), |broker| broker).await
    }

    /// With a memory.
    pub(crate) async fn keeping(keeping: Keeping) -> Self {
        Self::start(Limits::default(), 256, None, Announced::default(), |broker| broker.keeping(keeping)).await
    }

    /// With something to tell Home Assistant.
    pub(crate) async fn announcing(limits: Limits, announced: Announced) -> Self {
        Self::start(limits, 256, None, announced, |broker| broker).await
    }

    pub(crate) async fn start(
        limits: Limits,
        inbox: usize,
        tls: Option<Arc<ServerConfig>>,
        announced: Announced,
        with: impl FnOnce(Broker) -> Broker,
    ) -> Self {
        let (socket, at) = bound().await;
        let mut listeners = vec![Listener { socket, tls: None }];
        let mut tls_at = None;
        if tls.is_some() {
            let (socket, at) = bound().await;
            listeners.push(Listener { socket, tls });
            tls_at = Some(at);
        }
        let (credentials, watched) = watch::channel(Arc::new(credentials()));
        let (inbox, events) = mpsc::channel(inbox);
        let (broker, orders) = Broker::new(limits, watched, inbox);
        let (announced, announcements) = watch::channel(Arc::new(announced));
        let broker = with(broker).announcing(announcements);
        let (counters, stop) = (broker.counters(), CancellationToken::new());
        let running = tokio::spawn(broker.run(listeners, stop.clone()));
        Self {
            at,
            tls_at,
            orders,
            counters,
            credentials,
            announced,
            stop,
            running,
            events,
            incidents: Vec::new(),
            believing: true,
        }
    }

    /// Every board is believed as soon as it has logged in, also while the test looks elsewhere.
    pub(crate) fn believe_all(&mut self) {
        let (sender, events) = mpsc::channel(4_096);
        let mut told = std::mem::replace(&mut self.events, events);
        let orders = self.orders.clone();
        tokio::spawn(async move {
            while let Some(event) = told.recv().await {
                if let EdgeEvent::Board(BoardEvent::Connected { link, .. }) = &event {
                    orders.believe(*link, Belief::Believed);
                }
                let Ok(()) = sender.send(event).await else { return };
            }
        });
    }

    pub(crate) async fn event(&mut self) -> BoardEvent {
        match self.edge_event().await {
            EdgeEvent::Board(event) => event,
            other => panic!("{other:?}"),
        }
    }

    async fn edge_event(&mut self) -> EdgeEvent {
        loop {
            match soon("an event", self.events.recv()).await.expect("the edge is gone") {
                EdgeEvent::Incident(incident) => self.incidents.push(incident),
                event => {
                    if let EdgeEvent::Board(BoardEvent::Connected { link, .. }) = &event
                        && self.believing
                    {
                        self.orders.believe(*link, Belief::Believed);
                    }
                    return event;
                }
            }
        }
    }

    /// What an integration asked of `relay-1`, relay 1.
    pub(crate) async fn asked(&mut self, user: &str) -> bool {
        match self.edge_event().await {
            EdgeEvent::Command(IntegrationCommand { user: by, board: of, endpoint, on }) => {
                assert_eq!((&*by, of, endpoint), (user, board("relay-1"), Endpoint::relay(1)));
                on
            }
            other => panic!("{other:?}"),
        }
    }

    /// The next thing that went wrong.
    pub(crate) async fn incident(&mut self) -> Incident {
        loop {
            if !self.incidents.is_empty() {
                return self.incidents.remove(0);
            }
            if let EdgeEvent::Incident(incident) =
                soon("an incident", self.events.recv()).await.expect("the edge is gone")
            {
                self.incidents.push(incident);
            }
        }
    }

    pub(crate) async fn connected(&mut self, id: &str) -> LinkId {
        match self.event().await {
            BoardEvent::Connected { board, link, address, private: true, .. } => {
                assert_eq!((board.as_str(), address), (id, Some(self.at.ip())));
                link
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn disconnected(&mut self, id: &str, link: LinkId) {
        assert_eq!(self.event().await, BoardEvent::Disconnected { board: board(id), link });
    }

    pub(crate) async fn said(&mut self, id: &str, expected: LinkId) -> Said {
        match self.event().await {
            BoardEvent::Said { board, link, said } => {
                assert_eq!((board.as_str(), link), (id, expected));
                said
            }
            other => panic!("{other:?}"),
        }
    }

    /// That the hub was told nothing more: true once the edge has ended.
    pub(crate) async fn nothing_more(&mut self) {
        self.stop.cancel();
        soon("the end", &mut self.running).await.unwrap();
        loop {
            match self.events.try_recv() {
                // What went wrong is not about a board.
                Ok(EdgeEvent::Incident(_)) => {}
                end => break assert_eq!(end, Err(mpsc::error::TryRecvError::Disconnected)),
            }
        }
    }

    pub(crate) fn count(&self, count: Count) -> u64 {
        self.counters.get(count)
    }

    /// Waits until so many have been counted.
    pub(crate) async fn counted(&self, count: Count, expected: u64) {
        soon("a count", async {
            while self.count(count) < expected {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    pub(crate) async fn board(&mut self, id: &str) -> (Client, LinkId) {
        let client = Client::login(self.at, id).await;
        let link = self.connected(id).await;
        (client, link)
    }

    pub(crate) fn change(&self, change: impl FnOnce(&mut Credentials)) {
        self.credentials.send_modify(|current| change(Arc::make_mut(current)));
    }
}

pub(crate) fn order(id: &str, link: LinkId, seq: u32) -> Order {
    Order {
        board: board(id),
        link,
        id: OrderId {
            session: BoardSession(NonZeroU32::new(0xc0ff_ee01).unwrap()),
            seq: NonZeroU32::new(seq).unwrap(),
        },
        deadline_ms: 5_000,
        endpoint: Endpoint::relay(1),
        on: true,
    }
}

pub(crate) fn new_secret(id: &str, link: LinkId, seq: u32) -> NewSecret {
    let secret = Secret::new(&"0123456789abcdef".repeat(4));
    NewSecret { board: board(id), link, id: order(id, link, seq).id, secret }
}

pub(crate) fn config_order(id: &str, link: LinkId, seq: u32) -> ConfigOrder {
    let Order { board, link, id, deadline_ms, .. } = order(id, link, seq);
    ConfigOrder { board, link, id, deadline_ms, wish: Wish::Restart }
}
