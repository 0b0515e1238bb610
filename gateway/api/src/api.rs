//! What the program starts: an API over a hub, served until it is told to stop.

use crate::doorway::Entrance;
use crate::executor::Executor;
use crate::files::MAX_FILES;
use crate::flashing::Images;
use crate::http::Http;
use crate::metrics::Meter;
use crate::origin::Origins;
use crate::password_rules::Estimator;
use crate::passwords::Passwords;
use crate::provider::{Provider, Traffic};
use crate::record::Readers;
use crate::server::{self, Listener};
use gatehouse_core::access::Access;
use gatehouse_core::homeassistant::Prefix;
use gatehouse_core::integration::{BoardFilters, Filter};
use gatehouse_core::mail::Letter;
use gatehouse_core::view::Change;
use gatehouse_hub::{Changes, Feed, HashSecret, Hub};
use gatehouse_store::Reader;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

/// How the API is to behave.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names this gateway is reached by, beside its addresses, loopback and `gatehouse.local`: host names or literal
    /// addresses, a port is ignored. A request for any other host is refused with 421.
    pub public_hosts: Vec<String>,
    /// What people outside call this gateway, with its port where that is an unusual one: links in mails lead there. None:
    /// they lead to where whoever asked for the mail came.
    pub public_name: Option<String>,
    /// Foreign pages that may ask with a token, as origins: `https://panel.example`.
    pub allowed_origins: Vec<String>,
    /// The IANA time zone a home gets when it is claimed.
    pub time_zone: String,
    /// The version of the software, told to whoever is signed in.
    pub version: &'static str,
    /// The home's certificate authority, for people to install; none when there is none.
    pub ca: Option<Ca>,
    /// How the MQTT edge hashes a secret.
    pub hash_secret: HashSecret,
    /// How filters for boards are written.
    pub board_filters: BoardFilters,
    /// The filters to publish by and to subscribe by that Home Assistant needs, for its discovery prefix.
    pub home_assistant_filters: fn(&Prefix) -> (Vec<Filter>, Vec<Filter>),
    /// The firmware that the gateway holds for boards.
    pub images: Images,
    /// What the rest of the gateway counts.
    pub meter: Meter,
    /// Where mail is handed in; none when no server is configured to send it.
    pub mail: Option<mpsc::Sender<Letter>>,
    /// By whose word people may sign in, too; none when no provider is configured.
    pub provider: Option<Provider>,
    /// How backups stand, and how one is asked for.
    pub backups: crate::BackupDesk,
    /// How a backup is brought in.
    pub restore: crate::RestoreDesk,
    /// How the home is taken away.
    pub factory_reset: crate::FactoryResetDesk,
    /// Bounds; the defaults are right for a gateway.
    pub limits: Limits,
}

/// A certificate authority, as people get to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ca {
    /// Its certificate, as DER: what `/ca.crt` answers.
    pub der: Vec<u8>,
    /// SHA-256 of its certificate in hexadecimal, grouped for people to compare.
    pub fingerprint: String,
    /// What devices call it in their lists once it is installed.
    pub name: String,
}

/// Bounds on what clients may use up.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time, WebSockets among them. Further ones are closed at once.
    pub connections: usize,
    /// Connections at a time from one address.
    pub connections_per_address: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a client may take to send a request's head, and how long a kept connection may be idle.
    pub head: Duration,
    /// How long a client may take to send a request's body.
    pub body: Duration,
    /// How long a WebSocket may take to say `connection_init`; then it is closed with 4408.
    pub init: Duration,
    /// How often a WebSocket is pinged; one that says nothing until the next ping is dropped.
    pub ping: Duration,
    /// How long a message to a WebSocket may wait for its client to take it.
    pub send: Duration,
    /// How long requests under way may take when the API is told to stop.
    pub stop: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_address: 512,
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(60),
            body: Duration::from_secs(30),
            init: Duration::from_secs(10),
            ping: Duration::from_secs(20),
            send: Duration::from_secs(20),
            stop: Duration::from_secs(3),
        }
    }
}

/// What every resolver may use.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) hub: Hub,
    pub(crate) commands: Reader,
    pub(crate) readers: Readers,
    /// Places for those who write the record into a file.
    pub(crate) exports: Arc<Semaphore>,
    pub(crate) passwords: Passwords,
    pub(crate) estimator: Estimator,
    pub(crate) traffic: Traffic,
    pub(crate) settings: Settings,
}

/// The API, not yet served.
pub struct Api {
    shared: Arc<Shared>,
    ready: watch::Receiver<bool>,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Api")
    }
}

impl Api {
    /// An API over this hub. `commands` reads those that the hub has forgotten, and the record; `ready` is what `/readyz` tells.
    pub fn new(hub: Hub, commands: Reader, ready: watch::Receiver<bool>, settings: Settings) -> Self {
        let (readers, exports) = (Readers::default(), Arc::new(Semaphore::new(MAX_FILES)));
        let (passwords, estimator) = (Passwords::new(), Estimator::new());
        let shared =
            Shared { hub, commands, readers, exports, passwords, estimator, traffic: Traffic::default(), settings };
        Self { shared: Arc::new(shared), ready }
    }

    /// Serves HTTP on all `listeners` until `stop`; then takes no new connections, lets requests under way end for
    /// [`Limits::stop`] at most, and returns. The listeners share the places for connections.
    pub async fn run(self, listeners: Vec<Listener>, stop: CancellationToken) {
        let limits = self.shared.settings.limits;
        let (view, changes) = self.shared.hub.watch();
        let (access, access_seen) = watch::channel(view.access.clone());
        let ended = CancellationToken::new();
        let settings = &self.shared.settings;
        let http = Http {
            origins: Origins::new(&settings.public_hosts, &settings.allowed_origins),
            entrance: Entrance::new(settings.ca.as_ref()),
            executor: Executor::new(self.shared.clone()),
            shared: self.shared.clone(),
            ready: self.ready,
            access: access_seen,
            limits,
            stop: stop.clone(),
            ended: ended.clone(),
        };
        tokio::select! {
            () = server::serve(listeners, Arc::new(http)) => {}
            () = follow_access(changes, access) => {}
        }
        ended.cancel();
    }
}

/// Tells every connection when people or sessions change, so that each need not follow every change of every switch.
/// Never returns: when the hub has ended, what it told last stays.
async fn follow_access(mut changes: Changes, access: watch::Sender<Arc<Access>>) {
    while let Some(feed) = changes.next().await {
        match feed {
            Feed::Change(Change::Access(now)) => drop(access.send_replace(now)),
            Feed::Change(_) => {}
            Feed::Lagged(view) => drop(access.send_replace(view.access.clone())),
        }
    }
    std::future::pending().await
}
