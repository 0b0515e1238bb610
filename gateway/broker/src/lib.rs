//! The MQTT edge: listener, login, access control, limits, retained messages.
//!
//! **Invariants.** A board's messages and its orders do not pass the router, so a dead or full router never holds up
//! a tap. Nothing that a client wrote reaches rumqttd's parsers. Every connection of a board gives one `Connected` and
//! one `Disconnected`, in order, and at most one connection of a client is open to the hub at a time. Nobody but the
//! gateway sends orders, and no order is retained, repeated, or sent on another connection. What an integration asks of a
//! claimed board goes to the hub and to nobody else.
//!
//! One task serves a connection ([`Broker::run`] owns them all); `accept` admits it, `connect` finds out who it is,
//! `board` and `integration` serve it.

mod accept;
mod acl;
mod announcer;
mod belief;
mod board;
mod codec;
mod connect;
mod connection;
mod counters;
mod filter;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod incidents;
mod integration;
mod limits;
mod message;
mod meter;
mod probe;
mod registry;
mod retained;
mod router;
mod throttle;

pub use accept::Listener;
pub use connect::secret_hash;
pub use counters::{Count, Counters};
pub use limits::Limits;
pub use meter::Meter;
pub use probe::probe;
pub use registry::NotSent;
pub use retained::{Keeping, WriteRetained};

#[cfg(test)]
extern crate self as gatehouse_broker;
/// What the tests from outside use, for those that must reach inside.
#[cfg(test)]
#[path = "../tests/edge/client.rs"]
#[allow(dead_code, reason = "the tests in here need less of it")]
mod client;
#[cfg(test)]
#[path = "../tests/edge/world.rs"]
#[allow(dead_code, reason = "the tests in here need less of it")]
mod world;

use announcer::Announcer;
use codec::Publish;
use gatehouse_core::access::Credentials;
use gatehouse_core::board_settings::ConfigOrder;
use gatehouse_core::device::{NewSecret, Order};
use gatehouse_core::edge::{Belief, EdgeEvent};
use gatehouse_core::homeassistant::Announced;
use gatehouse_core::ids::LinkId;
use gatehouse_core::notice::{NoticeKind, Subject};
use incidents::Incidents;
use integration::{Excess, Groups, Pace, Sessions};
use registry::Registry;
use retained::{Owner, Retained};
use router::Fanout;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use throttle::{Failures, Places};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::task::TaskTracker;

/// The edge, ready to run.
pub struct Broker {
    edge: Arc<Edge>,
    keeping: Option<Keeping>,
    announced: Option<watch::Receiver<Arc<Announced>>>,
}

/// The MAC address from which packets of an IP address come, in lower case with colons; none when it is not known. It may block.
pub type Neighbours = Arc<dyn Fn(IpAddr) -> Option<Arc<str>> + Send + Sync>;

/// The way for orders, and new secrets, to boards.
#[derive(Clone)]
pub struct Orders {
    registry: Arc<Registry>,
}

/// What all connections share.
struct Edge {
    limits: Limits,
    credentials: watch::Receiver<Arc<Credentials>>,
    inbox: mpsc::Sender<EdgeEvent>,
    registry: Arc<Registry>,
    retained: Arc<Retained>,
    announcer: Announcer,
    neighbours: Option<Neighbours>,
    fanout: Arc<Fanout>,
    failures: Failures,
    counters: Arc<Counters>,
    incidents: Arc<Incidents>,
    drawn_ids: AtomicU64,
    session_numbers: AtomicU64,
    /// One for each connection of an integration.
    places: Arc<Semaphore>,
    /// The same by credential.
    places_by_user: Arc<Places<Arc<str>>>,
    sessions: Sessions,
    excess: Excess,
    groups: Groups,
    pace: Pace,
    /// What outlives connections, but not the edge.
    background: TaskTracker,
}

impl Broker {
    /// An edge that lets in whom `credentials` names and tells `inbox` of them. Nothing runs before [`Self::run`].
    ///
    /// A new snapshot in `credentials` ends the connections whose credential is gone or another. While `inbox` is full
    /// the edge stops reading from the connections that have something to tell it.
    pub fn new(
        limits: Limits,
        credentials: watch::Receiver<Arc<Credentials>>,
        inbox: mpsc::Sender<EdgeEvent>,
    ) -> (Self, Orders) {
        let registry = Arc::new(Registry::default());
        let counters: Arc<Counters> = Arc::default();
        let incidents: Arc<Incidents> = Arc::default();
        let feeds = limits.integrations + limits.sessions;
        let edge = Edge {
            credentials,
            inbox,
            registry: registry.clone(),
            retained: Arc::new(Retained::new(&limits)),
            announcer: Announcer::new(limits.announced_bytes),
            neighbours: None,
            fanout: Arc::new(Fanout::new(feeds, counters.clone(), incidents.clone())),
            failures: Failures::new(&limits),
            counters,
            incidents,
            drawn_ids: AtomicU64::new(0),
            session_numbers: AtomicU64::new(router::NO_ORIGIN),
            places: Arc::new(Semaphore::new(limits.integrations)),
            places_by_user: Arc::default(),
            sessions: Sessions::default(),
            excess: Excess::new(limits.excess_bytes),
            groups: Groups::default(),
            pace: Pace::new(&limits),
            background: TaskTracker::new(),
            limits,
        };
        (Self { edge: Arc::new(edge), keeping: None, announced: None }, Orders { registry })
    }

    /// The same edge with a memory: retained messages of integrations are there again from the start, and are written as
    /// they change, each topic at most once a minute. At its end the edge writes what is not yet written.
    #[must_use]
    pub fn keeping(mut self, mut keeping: Keeping) -> Self {
        keeping.restore(&self.edge.retained);
        self.keeping = Some(keeping);
        self
    }

    /// The same edge, which tells Home Assistant what `announced` says: from the start, and as it changes. No client may
    /// publish where it does.
    #[must_use]
    pub fn announcing(mut self, announced: watch::Receiver<Arc<Announced>>) -> Self {
        let now = announced.borrow().clone();
        // Nobody listens yet.
        drop(self.edge.announce(&now));
        self.announced = Some(announced);
        self
    }

    /// The same edge, which looks at each board's login where its packets come from, and tells it. To be called before anything
    /// else is made of it.
    #[must_use]
    pub fn asking(mut self, neighbours: Neighbours) -> Self {
        if let Some(edge) = Arc::get_mut(&mut self.edge) {
            edge.neighbours = Some(neighbours);
        }
        self
    }

    /// Reads all of this edge's numbers; to be taken before [`Self::run`].
    pub fn meter(&self) -> Meter {
        Meter { edge: Arc::downgrade(&self.edge), counters: self.edge.counters.clone() }
    }

    /// What this edge counts; to be taken before [`Self::run`].
    pub fn counters(&self) -> Arc<Counters> {
        self.edge.counters.clone()
    }
}

impl Orders {
    /// Hands an order to the board's connection, which publishes it at QoS 1, never retained. Never blocks.
    ///
    /// Success means that it waits in that connection's queue: whether the board obeys is for its report to say, and
    /// when the connection ends first the order is gone with it.
    ///
    /// # Errors
    /// [`NotSent`] when nothing was and will be sent.
    pub fn send(&self, order: &Order) -> Result<(), NotSent> {
        self.registry.send(order)
    }

    /// Hands a new secret to the board's connection, as an order, but only where nobody can read along.
    ///
    /// # Errors
    /// [`NotSent`] when nothing was and will be sent.
    pub fn send_secret(&self, new: &NewSecret) -> Result<(), NotSent> {
        self.registry.send_secret(new)
    }

    /// Hands an order to configure to the board's connection, as an order.
    ///
    /// # Errors
    /// [`NotSent`] when nothing was and will be sent.
    pub fn send_configure(&self, order: &ConfigOrder) -> Result<(), NotSent> {
        self.registry.send_configure(order)
    }

    /// Says what to think of a board's connection. Until it is said to be believed, nothing that is published there is passed
    /// on. Of one that is over nothing is thought. Never blocks.
    pub fn believe(&self, link: LinkId, belief: Belief) {
        self.registry.believe(link, belief);
    }
}

impl Edge {
    /// Keeps a permitted message, when it says so, and hands it to the integrations, but for a subscriber that wants
    /// nothing from this `origin`, itself. Never waits: what does not fit is counted.
    fn share(&self, origin: u64, owner: &Owner, publish: &Publish<'_>) {
        self.retain(owner, publish);
        if self.fanout.publish(origin, publish).is_err() {
            self.counters.one(Count::DroppedRouter);
        }
    }

    fn retain(&self, owner: &Owner, publish: &Publish<'_>) {
        let may = |owner: &Owner| match owner {
            Owner::Board(board) => self.credentials.borrow().boards.contains_key(&**board),
            Owner::Integration(user) => self.credentials.borrow().integrations.contains_key(user),
        };
        if publish.retain && self.retained.publish(owner, publish, may).is_err() {
            self.counters.one(Count::DroppedRetained);
            self.incidents.tell(NoticeKind::RetainedFull, owner.subject(), None);
        }
    }

    /// A message of `client` was refused.
    fn publish_refused(&self, refused: Count, client: Subject, retained: bool) {
        self.counters.one(refused);
        let kind = match refused {
            Count::DroppedCommand | Count::CommandRetained if retained => NoticeKind::RetainedCommand,
            Count::DroppedCommand => NoticeKind::OrderRefused,
            _ => NoticeKind::PublishRefused,
        };
        self.incidents.tell(kind, client, None);
    }

    /// A number for a session.
    fn draw_number(&self) -> u64 {
        self.session_numbers.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// A client id for an integration that brought none.
    fn draw_client_id(&self) -> Box<str> {
        format!("gatehouse-{}", self.drawn_ids.fetch_add(1, Ordering::Relaxed)).into()
    }
}
