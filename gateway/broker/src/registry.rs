//! Who is connected: one connection a client, and the way for orders to a board's own connection.

use crate::counters::Count;
use gatehouse_core::access::{Credentials, IntegrationCredential};
use gatehouse_core::board_settings::{ConfigOrder, Wish};
use gatehouse_core::device::{NewSecret, Order, SecretHash};
use gatehouse_core::edge::Belief;
use gatehouse_core::ids::{DeviceId, LinkId};
use gatehouse_core::name::BoardId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Why an order or a secret was not sent. Nothing was written then, and nothing will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// The connection is gone, is another board's, or has not subscribed to its commands.
    #[error("the board has no such connection")]
    NoLink,
    /// So many orders wait for this board that no further one is taken.
    #[error("too many orders wait for this board")]
    QueueFull,
    /// A secret or a network's password, for a connection on which others could read it.
    #[error("the connection is neither over TLS nor from this machine")]
    Readable,
}

/// What the gateway has to say to a board.
#[derive(Clone, Debug)]
pub(crate) enum ToBoard {
    Order(Box<Order>),
    Secret(Box<NewSecret>),
    Configure(Box<ConfigOrder>),
}

/// A client, as far as taking over goes. An integration's client id is its own within its credential, so that no
/// integration can end another's connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Client {
    Board(BoardId),
    Integration { user: Arc<str>, id: Box<str> },
}

impl Client {
    /// Whether both log in as the same.
    pub(crate) fn same_credential(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Integration { user, .. }, Self::Integration { user: other, .. }) => user == other,
            _ => self == other,
        }
    }
}

/// The credential a connection rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// What the board presented: its secret, or its next one.
    Board {
        device: DeviceId,
        secret: SecretHash,
    },
    Integration(Arc<IntegrationCredential>),
}

impl Proof {
    fn holds(&self, client: &Client, credentials: &Credentials) -> bool {
        match (self, client) {
            (Self::Board { device, secret }, Client::Board(id)) => credentials.boards.get(id).is_some_and(|known| {
                known.device == *device && (known.secret == *secret || known.next.as_ref() == Some(secret))
            }),
            (Self::Integration(proof), Client::Integration { user, .. }) => {
                credentials.integrations.get(user) == Some(&**proof)
            }
            _ => false,
        }
    }
}

/// One connection that logged in.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) link: LinkId,
    pub(crate) client: Client,
    proof: Proof,
    /// Cancelled when the connection has to end.
    pub(crate) kill: CancellationToken,
    why: OnceLock<Count>,
    gone: CancellationToken,
}

impl Slot {
    /// Ends the connection, for the first of such reasons.
    pub(crate) fn end(&self, why: Count) {
        self.why.get_or_init(|| why);
        self.kill.cancel();
    }

    /// Why it was cancelled.
    pub(crate) fn why(&self) -> Count {
        self.why.get().copied().unwrap_or(Count::EndStopped)
    }

    pub(crate) fn holds(&self, credentials: &Credentials) -> bool {
        self.proof.holds(&self.client, credentials)
    }

    /// Whether both logged in as the same client by the same credential, unchanged.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.client == other.client && self.proof == other.proof
    }
}

struct BoardLink {
    board: BoardId,
    queue: mpsc::Sender<ToBoard>,
    private: bool,
    listening: Arc<Listening>,
    belief: watch::Sender<Belief>,
}

/// What a board subscribed to.
#[derive(Debug, Default)]
pub(crate) struct Listening {
    /// Its commands.
    pub(crate) orders: AtomicBool,
    /// A new secret.
    pub(crate) secrets: AtomicBool,
    /// Orders to configure.
    pub(crate) configures: AtomicBool,
    /// Other networks.
    pub(crate) networks: AtomicBool,
}

#[derive(Default)]
pub(crate) struct Registry {
    links: RwLock<HashMap<LinkId, BoardLink>>,
    clients: Mutex<HashMap<Client, Arc<Slot>>>,
    last_link: AtomicU64,
}

/// A place in the registry; gone when dropped, however its task ends.
pub(crate) struct Entry {
    pub(crate) slot: Arc<Slot>,
    previous: Option<Arc<Slot>>,
    registry: Arc<Registry>,
    // Dropped after `Drop` has taken the entry out of the registry.
    _gone: DropGuard,
}

impl Registry {
    /// A new connection of `client`. It takes over from an older one, which is told to end.
    pub(crate) fn enter(self: &Arc<Self>, client: Client, proof: Proof, stop: &CancellationToken) -> Entry {
        let link = LinkId(self.last_link.fetch_add(1, Ordering::Relaxed) + 1);
        let gone = CancellationToken::new();
        let slot = Arc::new(Slot {
            link,
            client: client.clone(),
            proof,
            kill: stop.child_token(),
            why: OnceLock::new(),
            gone: gone.clone(),
        });
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let previous = clients.insert(client, slot.clone());
        drop(clients);
        if let Some(previous) = &previous {
            previous.end(Count::EndTakenOver);
        }
        Entry { slot, previous, registry: self.clone(), _gone: gone.drop_guard() }
    }

    /// Boards and integrations connected now.
    pub(crate) fn connected(&self) -> (usize, usize) {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let boards = clients.keys().filter(|client| matches!(client, Client::Board(_))).count();
        (boards, clients.len() - boards)
    }

    /// Ends all connections whose credential is gone or another.
    pub(crate) fn revoke(&self, credentials: &Credentials) {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        for slot in clients.values().filter(|slot| !slot.holds(credentials)) {
            slot.end(Count::EndRevoked);
        }
    }

    /// Opens the way for orders to a board's connection. `private` says that nobody can read what is sent there.
    pub(crate) fn open(self: &Arc<Self>, link: LinkId, board: BoardId, private: bool, waiting: usize) -> OpenLink {
        let (sender, queue) = mpsc::channel(waiting);
        let listening = Arc::new(Listening::default());
        let (believe, belief) = watch::channel(Belief::default());
        let entry = BoardLink { board, queue: sender, private, listening: listening.clone(), belief: believe };
        self.links.write().unwrap_or_else(PoisonError::into_inner).insert(link, entry);
        OpenLink { link, queue, listening, belief, registry: self.clone() }
    }

    pub(crate) fn believe(&self, link: LinkId, belief: Belief) {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = links.get(&link) {
            link.belief.send_replace(belief);
        }
    }

    pub(crate) fn send(&self, order: &Order) -> Result<(), NotSent> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        let link = links.get(&order.link).filter(|link| link.board == order.board).ok_or(NotSent::NoLink)?;
        if !link.listening.orders.load(Ordering::Acquire) {
            return Err(NotSent::NoLink);
        }
        link.push(ToBoard::Order(Box::new(order.clone())))
    }

    pub(crate) fn send_configure(&self, order: &ConfigOrder) -> Result<(), NotSent> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        let link = links.get(&order.link).filter(|link| link.board == order.board).ok_or(NotSent::NoLink)?;
        let network = matches!(order.wish, Wish::Network(_));
        if network && !link.private {
            return Err(NotSent::Readable);
        }
        let listening = if network { &link.listening.networks } else { &link.listening.configures };
        if !listening.load(Ordering::Acquire) {
            return Err(NotSent::NoLink);
        }
        link.push(ToBoard::Configure(Box::new(order.clone())))
    }

    pub(crate) fn send_secret(&self, new: &NewSecret) -> Result<(), NotSent> {
        let links = self.links.read().unwrap_or_else(PoisonError::into_inner);
        let link = links.get(&new.link).filter(|link| link.board == new.board).ok_or(NotSent::NoLink)?;
        if !link.private {
            return Err(NotSent::Readable);
        }
        if !link.listening.secrets.load(Ordering::Acquire) {
            return Err(NotSent::NoLink);
        }
        link.push(ToBoard::Secret(Box::new(new.clone())))
    }
}

impl BoardLink {
    fn push(&self, message: ToBoard) -> Result<(), NotSent> {
        self.queue.try_send(message).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotSent::QueueFull,
            mpsc::error::TrySendError::Closed(_) => NotSent::NoLink,
        })
    }
}

impl Entry {
    /// Waits until the connection this one takes over from is gone, its last event sent.
    pub(crate) async fn previous_gone(&mut self) {
        // Not cut short when this one is to end too: a third one waits for both.
        if let Some(previous) = self.previous.take() {
            previous.gone.cancelled().await;
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut clients = self.registry.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.get(&self.slot.client).is_some_and(|current| current.link == self.slot.link) {
            clients.remove(&self.slot.client);
        }
    }
}

/// A board's connection that can be sent orders; closed when dropped.
pub(crate) struct OpenLink {
    link: LinkId,
    pub(crate) queue: mpsc::Receiver<ToBoard>,
    pub(crate) listening: Arc<Listening>,
    /// What the home thinks of it.
    pub(crate) belief: watch::Receiver<Belief>,
    registry: Arc<Registry>,
}

impl Drop for OpenLink {
    fn drop(&mut self) {
        self.registry.links.write().unwrap_or_else(PoisonError::into_inner).remove(&self.link);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatehouse_core::command::{BoardSession, OrderId};
    use gatehouse_core::device::Secret;
    use std::num::NonZeroU32;

    #[test]
    fn a_secret_goes_nowhere_where_it_could_be_read() {
        let registry = Arc::new(Registry::default());
        let board = BoardId::new("relay-1").unwrap();
        let id = OrderId { session: BoardSession(NonZeroU32::MIN), seq: NonZeroU32::MIN };
        for (number, private) in [(1, false), (2, true)] {
            let mut open = registry.open(LinkId(number), board.clone(), private, 4);
            open.listening.secrets.store(true, Ordering::Release);
            let new = NewSecret { board: board.clone(), link: LinkId(number), id, secret: Secret::new("hush") };
            let sent = registry.send_secret(&new);
            assert_eq!(sent, if private { Ok(()) } else { Err(NotSent::Readable) });
            assert_eq!(open.queue.try_recv().is_ok(), private);
        }
    }
}
