//! An integration's connection: another home system, which hears boards and its like through the router.

mod away;
mod command;
mod excess;
mod flight;
mod pace;
mod session;
mod state;
mod subscribe;
mod subscriptions;

pub(crate) use away::Sessions;
pub(crate) use excess::Excess;
pub(crate) use pace::Pace;
pub(crate) use subscriptions::Groups;

use crate::codec::{Announced, ConnAck, Version};
use crate::connect::{IntegrationLogin, Will};
use crate::connection::{Deadlines, Io, Stream};
use crate::counters::Count;
use crate::registry::{Client, Proof, Slot};
use crate::retained::Owner;
use crate::{Edge, acl};
use away::Away;
use futures_util::FutureExt;
use gatehouse_core::notice::{NoticeKind, Subject};
use session::Session;
use state::State;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a client that is to be cut may take to be told why.
const FAREWELL: Duration = Duration::from_millis(200);
/// How long such a client may then take to hang up, unless somebody waits for its place.
const LINGER: Duration = Duration::from_secs(1);

/// Runs an integration's connection from login to its end.
pub(crate) async fn run<S: Stream>(
    edge: &Arc<Edge>,
    mut io: Io<S>,
    login: IntegrationLogin,
    stop: &CancellationToken,
) -> Count {
    let client = Client::Integration { user: login.user.clone(), id: login.client_id.clone() };
    let mut entry = edge.registry.enter(client.clone(), Proof::Integration(login.credential.clone()), stop);
    entry.previous_gone().await;
    let slot = entry.slot.clone();
    let Some(_own) = edge.places_by_user.take(login.user.clone(), edge.limits.connections_per_integration) else {
        edge.incidents.tell(NoticeKind::ConnectionsFull, Subject::Integration(login.user.clone()), None);
        edge.refuse(&mut io, ConnAck::QuotaExceeded).await;
        return Count::RefusedCredential;
    };
    let Ok(_place) = edge.places.clone().try_acquire_owned() else {
        edge.incidents.tell(NoticeKind::ConnectionsFull, Subject::Integration(login.user.clone()), None);
        edge.refuse(&mut io, ConnAck::QuotaExceeded).await;
        return Count::RefusedIntegrations;
    };
    let earlier = edge.sessions.recall(&client).await;
    let Some((state, resumed)) = edge.begin(&slot, earlier, login.clean).await else {
        edge.refuse(&mut io, ConnAck::Unavailable).await;
        return Count::RefusedIntegrations;
    };
    let terms = Terms::of(edge, &login, io.version);
    if let Err(refused) = edge.greet(&mut io, &slot, &terms.announce(edge, &login, resumed)).await {
        return refused;
    }
    edge.counters.one(Count::IntegrationLogin);
    if resumed {
        edge.counters.one(Count::SessionResumed);
    }
    let mut session = Session::new(edge, io, slot.clone(), &login, &terms, state);
    let end = AssertUnwindSafe(session.run()).catch_unwind().await.unwrap_or(Count::EndCrashed);
    tracing::debug!(user = %login.user, end = end.reason(), "integration's connection ended");
    if end == Count::EndSlow {
        edge.incidents.tell(NoticeKind::IntegrationSlow, Subject::Integration(login.user.clone()), None);
    }
    session.farewell(end).await;
    let (state, left) = session.leave();
    edge.excess.release(state.number);
    let will = login.will.filter(|_| end != Count::EndGoodbye || left.with_will);
    let expiry = left.session_expiry.unwrap_or(terms.session_expiry).min(edge.limits.session_expiry);
    edge.finish(slot, state, will, if keeps_session(end) { expiry } else { Duration::ZERO }, stop);
    end
}

/// Whether a session that was to outlive its connection does so after such an end.
fn keeps_session(end: Count) -> bool {
    !matches!(end, Count::EndRevoked | Count::EndStopped | Count::EndCrashed)
}

/// What client and edge agreed on.
pub(crate) struct Terms {
    session_expiry: Duration,
    /// Seconds; 0 is none.
    keep_alive: u16,
    /// Messages above QoS 0 to the client at once.
    in_flight: usize,
    /// Bytes of a packet to the client.
    maximum_packet: usize,
}

impl Terms {
    fn of(edge: &Edge, login: &IntegrationLogin, version: Version) -> Self {
        let limits = &edge.limits;
        // A client of MQTT 3.1.1 could not be told.
        let held = version == Version::V5 && login.keep_alive > limits.integration_keep_alive;
        Self {
            session_expiry: Duration::from_secs(login.session_expiry.into()).min(limits.session_expiry),
            keep_alive: if held { limits.integration_keep_alive } else { login.keep_alive },
            in_flight: limits.in_flight.min(login.receive_maximum.into()),
            maximum_packet: usize::try_from(login.maximum_packet).unwrap_or(usize::MAX),
        }
    }

    fn announce<'a>(&self, edge: &Edge, login: &'a IntegrationLogin, session_present: bool) -> Announced<'a> {
        let expiry = self.session_expiry.as_secs() as u32;
        Announced {
            session_present,
            session_expiry: (expiry != login.session_expiry).then_some(expiry),
            receive_maximum: edge.limits.receive_maximum,
            // The limit counts behind the fixed header, which has at least two bytes.
            maximum_packet: edge.limits.packet_bytes as u32 + 2,
            client_id: login.drawn_id.then_some(&*login.client_id),
            keep_alive: (self.keep_alive != login.keep_alive).then_some(self.keep_alive),
        }
    }

    fn silence(&self) -> Option<Duration> {
        (self.keep_alive > 0).then(|| Duration::from_secs(self.keep_alive.into()) * 3 / 2)
    }
}

impl Edge {
    /// A session to go on with or to begin, and whether it is an earlier one; none when there is no feed for it.
    async fn begin(&self, slot: &Slot, earlier: Option<Away>, clean: bool) -> Option<(State, bool)> {
        match earlier {
            // What was granted under another credential is void, also if nobody came to end it yet.
            // Back before its time: the will of the earlier connection is void.
            Some(mut earlier) if !clean && earlier.slot.is_same(slot) => {
                if earlier.state.feed.is_dead() {
                    earlier.state.renew(&self.fanout).await.ok()?;
                }
                return Some((earlier.state, true));
            }
            Some(earlier) => self.end_session(earlier),
            None => {}
        }
        let feed = self.fanout.attach().await.ok()?;
        Some((State::new(self.draw_number(), feed), false))
    }

    /// What comes of a session, and of the will, when the connection has ended.
    fn finish(
        self: &Arc<Self>,
        slot: Arc<Slot>,
        state: State,
        will: Option<Will>,
        expiry: Duration,
        stop: &CancellationToken,
    ) {
        let (now, number) = (Instant::now(), state.number);
        let delay = will.as_ref().map_or(Duration::ZERO, |will| Duration::from_secs(will.delay.into())).min(expiry);
        let (due, later) = if delay.is_zero() { (will, None) } else { (None, will) };
        if let Some(will) = due {
            self.publish_will(&slot, number, &will);
        }
        if !expiry.is_zero() {
            let will = later.map(|will| (will, now + delay));
            self.keep_session(Away { slot, state, ends: now + expiry, will }, stop.clone());
        }
    }

    /// Publishes a will, as far as its client may still publish it.
    fn publish_will(&self, slot: &Slot, number: u64, will: &Will) {
        let Client::Integration { user, .. } = &slot.client else { return };
        let publish = will.message.publish(will.expiry);
        let credentials = self.credentials.borrow().clone();
        let Some(credential) = credentials.integrations.get(user) else { return };
        match acl::integration_publish(credential, &credentials, &publish) {
            Ok(()) => self.share(number, &Owner::Integration(user.clone()), &publish),
            Err(refused) => self.publish_refused(refused, Subject::Integration(user.clone()), publish.retain),
        }
    }
}

/// Whether a client is cut for what it sent, and so may just be sending more.
fn is_its_own_doing(end: Count) -> bool {
    matches!(
        end,
        Count::EndMalformed | Count::EndProtocol | Count::EndReceiveMaximum | Count::EndAlias | Count::EndTooLarge
    )
}

/// What a client of MQTT 5 is told when its connection is ended.
fn disconnect_reason(end: Count) -> Option<u8> {
    Some(match end {
        Count::EndMalformed => 0x81,
        Count::EndProtocol => 0x82,
        Count::EndCrashed => 0x83,
        Count::EndRevoked => 0x87,
        Count::EndRouter => 0x89,
        Count::EndStopped => 0x8b,
        Count::EndKeepAlive => 0x8d,
        Count::EndTakenOver => 0x8e,
        Count::EndReceiveMaximum => 0x93,
        Count::EndAlias => 0x94,
        Count::EndTooLarge => 0x95,
        Count::EndSlow => 0x97,
        _ => return None,
    })
}
