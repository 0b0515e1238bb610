//! Sessions of integrations that are away: they go on listening, within bounds, until their time has passed.

use super::state::State;
use crate::Edge;
use crate::connect::Will;
use crate::counters::Count;
use crate::registry::{Client, Slot};
use crate::router::Lost;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Between two tries to get a feed from a new router.
const ROUTER_PAUSE: Duration = Duration::from_secs(1);

struct Kept {
    number: u64,
    /// Asks for the session.
    recall: oneshot::Sender<oneshot::Sender<Away>>,
}

/// All sessions whose client is away.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<Client, Kept>>);

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<Client, Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(crate) fn kept(&self) -> usize {
        self.lock().len()
    }

    /// The session that this client left; it listens no more.
    pub(crate) async fn recall(&self, client: &Client) -> Option<Away> {
        let kept = self.lock().remove(client)?;
        let (sender, away) = oneshot::channel();
        kept.recall.send(sender).ok()?;
        away.await.ok()
    }

    fn keep(&self, slot: &Slot, kept: Kept, in_all: usize, of_one: usize) -> bool {
        let mut sessions = self.lock();
        let own = sessions.keys().filter(|client| client.same_credential(&slot.client)).count();
        let room = sessions.len() < in_all && own < of_one;
        if room {
            sessions.insert(slot.client.clone(), kept);
        }
        room
    }

    fn forget(&self, client: &Client, number: u64) {
        let mut sessions = self.lock();
        if sessions.get(client).is_some_and(|kept| kept.number == number) {
            sessions.remove(client);
        }
    }
}

/// A session without a connection.
pub(crate) struct Away {
    /// Of the connection that left it.
    pub(crate) slot: Arc<Slot>,
    pub(crate) state: State,
    /// When it ends.
    pub(crate) ends: Instant,
    /// What is published at a time, unless the client comes back before.
    pub(crate) will: Option<(Will, Instant)>,
}

impl Edge {
    /// Keeps a session until its client comes back. Where there is no room it ends at once.
    pub(crate) fn keep_session(self: &Arc<Self>, mut away: Away, stop: CancellationToken) {
        let dropped = away.state.left(&self.limits);
        self.counters.add(Count::DroppedAway, dropped);
        let (recall, recalled) = oneshot::channel();
        let kept = Kept { number: away.state.number, recall };
        let limits = &self.limits;
        if self.sessions.keep(&away.slot, kept, limits.sessions, limits.sessions_per_integration) {
            self.counters.one(Count::SessionKept);
            self.background.spawn(listen(self.clone(), away, recalled, stop));
        } else {
            self.counters.one(Count::SessionRefused);
            self.end_session(away);
        }
    }

    /// A session ends: a will that still waits is due.
    pub(crate) fn end_session(&self, away: Away) {
        if let Some((will, _)) = away.will {
            self.publish_will(&away.slot, away.state.number, &will);
        }
    }
}

async fn listen(
    edge: Arc<Edge>,
    mut away: Away,
    mut recalled: oneshot::Receiver<oneshot::Sender<Away>>,
    stop: CancellationToken,
) {
    let mut credentials = edge.credentials.clone();
    let (slot, number) = (away.slot.clone(), away.state.number);
    loop {
        let will_at = away.will.as_ref().map(|(_, at)| *at);
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            asked = &mut recalled => {
                if let Ok(asked) = asked {
                    let _ = asked.send(away);
                }
                return;
            }
            changed = credentials.changed() => {
                if changed.is_err() || !slot.holds(&credentials.borrow_and_update()) {
                    break;
                }
            }
            () = sleep_until(away.ends) => {
                edge.sessions.forget(&slot.client, number);
                edge.counters.one(Count::SessionExpired);
                return edge.end_session(away);
            }
            () = async { sleep_until(will_at.unwrap_or_else(Instant::now)).await }, if will_at.is_some() => {
                if let Some((will, _)) = away.will.take() {
                    edge.publish_will(&slot, number, &will);
                }
            }
            message = away.state.feed.next() => match message {
                Ok(Some(message)) => {
                    if !away.state.queue_away(&message, &edge.limits) {
                        edge.counters.one(Count::DroppedAway);
                    }
                }
                Ok(None) => {}
                Err(Lost::Router | Lost::Behind) => replace(&edge, &mut away.state).await,
            },
        }
    }
    edge.sessions.forget(&slot.client, number);
}

/// A feed that goes on; what was published between the two is lost to this session.
async fn replace(edge: &Arc<Edge>, state: &mut State) {
    if state.renew(&edge.fanout).await.is_err() {
        edge.counters.one(Count::DroppedRouter);
        sleep_until(Instant::now() + ROUTER_PAUSE).await;
    }
}
