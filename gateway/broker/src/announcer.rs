//! What the gateway itself publishes: what Home Assistant is told of this home.
//!
//! It is kept apart from what clients retain, so that none of them can overwrite it, delete it, or leave it no room.

use crate::Edge;
use crate::codec::Publish;
use crate::counters::Count;
use crate::filter;
use crate::retained::Kept;
use crate::router::NO_ORIGIN;
use bytes::Bytes;
use gatehouse_core::device::BoardState;
use gatehouse_core::homeassistant::Announced;
use gatehouse_core::name::BoardId;
use gatehouse_wire::homeassistant::{self, Message};
use gatehouse_wire::homie;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

const QOS: u8 = 1;
/// Between two steps and between two changes: Home Assistant needs a moment for each, and drops what comes meanwhile.
const PAUSE: Duration = Duration::from_secs(1);
/// Messages handed to the router at once, and the pause then: a slow integration is to keep up.
const BURST: usize = 16;
const BURST_PAUSE: Duration = Duration::from_millis(5);
/// Between two tries to hand a message to a full router.
const ROUTER_PAUSE: Duration = Duration::from_millis(1);

#[derive(Default)]
struct Kepts {
    messages: BTreeMap<Arc<str>, Bytes>,
    bytes: usize,
    /// `$state` of every claimed board, for those that have not spoken since the gateway started.
    states: BTreeMap<Arc<str>, BoardId>,
    announced: Arc<Announced>,
}

/// What is announced now.
pub(crate) struct Announcer {
    kept: Mutex<Kepts>,
    bytes: usize,
}

impl Announcer {
    /// Keeps at most so many bytes of topics and payloads.
    pub(crate) fn new(bytes: usize) -> Self {
        Self { kept: Mutex::default(), bytes }
    }

    fn lock(&self) -> MutexGuard<'_, Kepts> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what is to be announced from now on: whoever subscribes gets that and nothing of before. What leads there for
    /// those that listen, and how many messages found no room.
    pub(crate) fn change(&self, announced: &Arc<Announced>) -> (Vec<Vec<Message>>, usize) {
        let mut kept = self.lock();
        let steps = homeassistant::steps(&kept.announced, announced);
        let mut refused = 0;
        let retained = steps.iter().flatten().filter(|message| message.retain);
        // What goes makes room for what comes.
        let (gone, new): (Vec<_>, Vec<_>) = retained.partition(|message| message.payload.is_empty());
        for message in gone.into_iter().chain(new) {
            refused += usize::from(!kept.put(message, self.bytes));
        }
        let state = homie::topic::Topic::State;
        let boards = announced.devices.values().map(|device| &device.board);
        kept.states = boards.map(|board| (state.of(board).into(), board.clone())).collect();
        kept.announced = announced.clone();
        (steps, refused)
    }

    /// All that matches. A board that nothing is known of, by what clients retain, is `lost`: a home system that went on
    /// with what it heard before the gateway started would show a board that is gone. Of one that is not `claimed` any more
    /// nothing is told, though its device is still announced: that takes its time.
    pub(crate) fn matching(&self, filter: &str, of_clients: &[Kept], claimed: impl Fn(&BoardId) -> bool) -> Vec<Kept> {
        let kept = self.lock();
        let of = |topic: &Arc<str>, payload: Bytes| Kept {
            topic: topic.clone(),
            payload,
            qos: QOS,
            properties: Bytes::new(),
            expires: None,
        };
        let messages = kept.messages.iter().filter(|(topic, _)| filter::matches(filter, topic));
        let messages = messages.map(|(topic, payload)| of(topic, payload.clone()));
        let lost = Bytes::from_static(homie::board::encode_state(BoardState::Lost).as_bytes());
        let states = kept.states.iter().filter(|(topic, board)| filter::matches(filter, topic) && claimed(board));
        let mut silent: BTreeSet<_> = states.map(|(topic, _)| topic).collect();
        if !silent.is_empty() {
            for known in of_clients {
                silent.remove(&known.topic);
            }
        }
        messages.chain(silent.into_iter().map(|topic| of(topic, lost.clone()))).collect()
    }

    /// Whether a client says that Home Assistant started.
    pub(crate) fn is_birth(&self, publish: &Publish<'_>) -> bool {
        // Nearly everything is told apart by its length.
        let short = publish.payload.len() <= 8 && publish.topic.ends_with("/status");
        short && homeassistant::is_birth(&self.lock().announced.set.prefix, publish.topic, publish.payload)
    }
}

impl Kepts {
    fn put(&mut self, message: &Message, most: usize) -> bool {
        let size = |topic: &str, payload: &Bytes| topic.len() + payload.len();
        if let Some(old) = self.messages.remove(&*message.topic) {
            self.bytes -= size(&message.topic, &old);
        }
        let payload = Bytes::copy_from_slice(message.payload.as_bytes());
        let bytes = self.bytes + size(&message.topic, &payload);
        if !payload.is_empty() && bytes <= most {
            self.bytes = bytes;
            self.messages.insert(message.topic.as_str().into(), payload);
            return true;
        }
        payload.is_empty()
    }
}

/// Publishes what leads from one announcement to the next, until `stop`.
pub(crate) async fn run(edge: Arc<Edge>, mut wanted: watch::Receiver<Arc<Announced>>, stop: CancellationToken) {
    let publish = async {
        // No change can be missed: the first look is at what is there by then.
        wanted.mark_changed();
        while wanted.changed().await.is_ok() {
            let announced = wanted.borrow_and_update().clone();
            for step in edge.announce(&announced) {
                for burst in step.chunks(BURST) {
                    for message in burst {
                        edge.say(message).await;
                    }
                    sleep_until(Instant::now() + BURST_PAUSE).await;
                }
                sleep_until(Instant::now() + PAUSE).await;
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = publish => {}
    }
}

impl Edge {
    /// Keeps what is to be announced; what leads there.
    pub(crate) fn announce(&self, announced: &Arc<Announced>) -> Vec<Vec<Message>> {
        let (steps, refused) = self.announcer.change(announced);
        if refused > 0 {
            self.counters.add(Count::DroppedRetained, refused);
            tracing::warn!(refused, "there is more to tell Home Assistant than is kept for it");
        }
        steps
    }

    async fn say(&self, message: &Message) {
        let Message { topic, payload, retain } = message;
        let publish = Publish { topic, payload: payload.as_bytes(), qos: QOS, retain: *retain, ..Publish::default() };
        let give_up = Instant::now() + self.limits.write_deadline;
        while self.fanout.publish(NO_ORIGIN, &publish).is_err() {
            if Instant::now() >= give_up {
                // Who comes back after a router died gets what is retained.
                return self.counters.one(Count::DroppedRouter);
            }
            sleep_until(Instant::now() + ROUTER_PAUSE).await;
        }
    }
}
