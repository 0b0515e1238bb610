//! What the edge counts: every connection, refusal, message and drop.

use gatehouse_core::metric::{Metric, MetricKind};
use gatehouse_wire::homie::BadKind;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counts {
    ($($(#[$doc:meta])* $variant:ident = $family:literal, $reason:literal;)*) => {
        /// One thing that is counted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Count {
            $($(#[$doc])* $variant,)*
        }

        impl Count {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name of its family, as a metric.
            pub const fn family(self) -> &'static str {
                match self { $(Self::$variant => $family,)* }
            }

            /// Which of the family; empty when there is but one.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$variant => $reason,)* }
            }
        }
    };
}

counts! {
    /// Sockets accepted.
    Accepted = "mqtt_accepted_total", "";
    /// Times the accept loop had to pause because the process had no file descriptor left.
    AcceptPaused = "mqtt_accept_paused_total", "";
    /// TLS handshakes with a new session.
    HandshakeFull = "mqtt_tls_handshakes_total", "full";
    /// TLS handshakes that went on with an earlier session.
    HandshakeResumed = "mqtt_tls_handshakes_total", "resumed";
    /// Boards logged in.
    BoardLogin = "mqtt_logins_total", "board";
    /// Integrations logged in.
    IntegrationLogin = "mqtt_logins_total", "integration";
    /// Closed at once: too many connections in all.
    RefusedFull = "mqtt_refused_total", "connections";
    /// Closed at once: too many connections from that address.
    RefusedAddress = "mqtt_refused_total", "connections-of-address";
    /// The TLS handshake failed: no common version or cipher, or the client does not trust the certificate.
    RefusedTls = "mqtt_refused_total", "tls";
    /// No complete TLS handshake, or no complete CONNECT, in time.
    RefusedSlow = "mqtt_refused_total", "connect-deadline";
    /// The first packet was no CONNECT, or a malformed one.
    RefusedMalformed = "mqtt_refused_total", "malformed";
    /// A protocol level other than 4 and 5, or a board's other than 4 (CONNACK 1, or 0x84).
    RefusedLevel = "mqtt_refused_total", "protocol-level";
    /// A client id that cannot be used (CONNACK 2).
    RefusedClientId = "mqtt_refused_total", "client-id";
    /// A login in another way than by a password (CONNACK 0x8C).
    RefusedAuthMethod = "mqtt_refused_total", "authentication-method";
    /// Unknown user name or wrong secret (CONNACK 4).
    RefusedSecret = "mqtt_refused_total", "secret";
    /// A client id that belongs to another credential (CONNACK 5).
    RefusedForeignId = "mqtt_refused_total", "foreign-client-id";
    /// A will that its client may not publish (CONNACK 5).
    RefusedWill = "mqtt_refused_total", "will";
    /// Too many wrong logins before (CONNACK 3).
    RefusedThrottled = "mqtt_refused_total", "throttled";
    /// No room for another integration (CONNACK 3).
    RefusedIntegrations = "mqtt_refused_total", "integrations";
    /// Too many connections with one credential (CONNACK 3).
    RefusedCredential = "mqtt_refused_total", "connections-of-integration";
    /// The credential went away, or the connection was taken over, before the login was done.
    RefusedStale = "mqtt_refused_total", "stale";
    /// The client said DISCONNECT.
    EndGoodbye = "mqtt_ended_total", "disconnect";
    /// The client closed the connection, or the network did.
    EndClosed = "mqtt_ended_total", "closed";
    /// The client was silent for longer than its keep-alive.
    EndKeepAlive = "mqtt_ended_total", "keep-alive";
    /// The client did not read, or did not acknowledge.
    EndSlow = "mqtt_ended_total", "slow";
    /// The client broke the protocol.
    EndMalformed = "mqtt_ended_total", "malformed";
    /// The client broke the protocol: a packet or property where none may be.
    EndProtocol = "mqtt_ended_total", "protocol";
    /// The client sent a packet larger than it was told to.
    EndTooLarge = "mqtt_ended_total", "packet-too-large";
    /// The client used a topic alias, though told not to.
    EndAlias = "mqtt_ended_total", "topic-alias";
    /// The client had more QoS 2 messages open than it was told to.
    EndReceiveMaximum = "mqtt_ended_total", "receive-maximum";
    /// A board published at QoS 2.
    EndQos2 = "mqtt_ended_total", "qos-2";
    /// The same client connected again.
    EndTakenOver = "mqtt_ended_total", "taken-over";
    /// The credential is gone or another.
    EndRevoked = "mqtt_ended_total", "revoked";
    /// The gateway stops.
    EndStopped = "mqtt_ended_total", "stopped";
    /// The router behind the edge failed.
    EndRouter = "mqtt_ended_total", "router";
    /// A defect in the edge itself.
    EndCrashed = "mqtt_ended_total", "crashed";
    /// Application messages from clients.
    MessagesIn = "mqtt_messages_total", "in";
    /// Application messages to clients.
    MessagesOut = "mqtt_messages_total", "out";
    /// Bytes from clients.
    BytesIn = "mqtt_bytes_total", "in";
    /// Bytes to clients.
    BytesOut = "mqtt_bytes_total", "out";
    /// Orders written to boards.
    Orders = "mqtt_orders_total", "";
    /// New secrets written to boards.
    NewSecrets = "mqtt_new_secrets_total", "";
    /// Orders to configure written to boards.
    ConfigOrders = "mqtt_config_orders_total", "";
    /// Messages refused: the client may not publish there.
    DroppedForbidden = "mqtt_dropped_total", "forbidden";
    /// Commands of integrations, handed to the hub.
    CommandTaken = "mqtt_commands_total", "taken";
    /// Commands of integrations refused: retained, so that they would come again and again.
    CommandRetained = "mqtt_commands_total", "retained";
    /// Commands of integrations refused: sent again on another connection, perhaps long after they were meant.
    CommandRepeated = "mqtt_commands_total", "repeated";
    /// Commands of integrations refused: neither `true` nor `false`.
    CommandBadValue = "mqtt_commands_total", "value";
    /// Commands of integrations refused: too many at once, of that integration or for that board.
    CommandTooMany = "mqtt_commands_total", "quota";
    /// Messages refused: an order or a secret, which only the gateway gives, or a command that the client may not give.
    DroppedCommand = "mqtt_dropped_total", "command";
    /// Messages refused: Home Assistant's discovery of this home, which only the gateway publishes.
    DroppedAnnouncement = "mqtt_dropped_total", "announcement";
    /// Messages not retained: the retained index, or the client's share of it, is full.
    DroppedRetained = "mqtt_dropped_total", "retained-full";
    /// Messages not fanned out to integrations: the router was full or dead.
    DroppedRouter = "mqtt_dropped_total", "router";
    /// Messages of a board that was not believed: more than are kept, or kept until its connection ended.
    DroppedUnbelieved = "mqtt_dropped_total", "unbelieved";
    /// Messages for an integration that is away: its queue was full.
    DroppedAway = "mqtt_dropped_total", "away";
    /// Messages not sent: larger than the client takes.
    DroppedTooLarge = "mqtt_dropped_total", "client-packet-size";
    /// Messages not sent: their time had passed.
    DroppedExpired = "mqtt_dropped_total", "expired";
    /// Sessions kept for an integration that is away.
    SessionKept = "mqtt_sessions_total", "kept";
    /// Sessions that went on when the integration came back.
    SessionResumed = "mqtt_sessions_total", "resumed";
    /// Sessions that ended before the integration came back.
    SessionExpired = "mqtt_sessions_total", "expired";
    /// Sessions not kept: there were too many.
    SessionRefused = "mqtt_sessions_total", "refused";
    /// Routers that died or were stuck, and were replaced.
    RouterReplaced = "mqtt_router_replaced_total", "";
    /// Times an integration's connection was not read for a moment: it sent too fast.
    SlowedIntegration = "mqtt_slowed_total", "integration";
    /// Times a board's connection was not read for a moment: it sent too fast.
    SlowedBoard = "mqtt_slowed_total", "board";
    /// Filters refused (SUBACK 0x80).
    SubscribeRefused = "mqtt_subscribe_refused_total", "";
    /// A board's message dropped: not its own topic.
    BadTopic = "mqtt_malformed_total", "topic";
    /// A board's message dropped: a topic only the gateway publishes to.
    BadForbidden = "mqtt_malformed_total", "forbidden";
    /// A board's message dropped: retained, but must not be.
    BadRetained = "mqtt_malformed_total", "retained";
    /// A board's message dropped: payload too long.
    BadTooLong = "mqtt_malformed_total", "too-long";
    /// A board's message dropped: no text.
    BadNotText = "mqtt_malformed_total", "not-text";
    /// A board's message dropped: too few or too many fields.
    BadFieldCount = "mqtt_malformed_total", "field-count";
    /// A board's message dropped: a field not in its form.
    BadField = "mqtt_malformed_total", "field";
    /// A board's message dropped: a `$description` that is none.
    BadDescription = "mqtt_malformed_total", "description";
}

/// Families by name: the label that tells their counts apart, and what they count.
const FAMILIES: &[(&str, &str, &str)] = &[
    ("mqtt_accepted_total", "", "Sockets accepted."),
    ("mqtt_accept_paused_total", "", "Pauses of the accept loop, because the process had no file descriptor left."),
    ("mqtt_logins_total", "kind", "Clients logged in."),
    ("mqtt_refused_total", "reason", "Connections refused before or at login."),
    ("mqtt_ended_total", "reason", "Connections ended after login."),
    ("mqtt_messages_total", "direction", "Application messages."),
    ("mqtt_bytes_total", "direction", "Bytes, without those of TLS."),
    ("mqtt_orders_total", "", "Orders written to boards."),
    ("mqtt_new_secrets_total", "", "New secrets written to boards."),
    ("mqtt_config_orders_total", "", "Orders to configure written to boards."),
    ("mqtt_commands_total", "reason", "Commands of integrations."),
    ("mqtt_dropped_total", "reason", "Messages dropped or refused."),
    ("mqtt_slowed_total", "kind", "Times a client that sent too fast was made to wait."),
    ("mqtt_sessions_total", "event", "Sessions of integrations that are away."),
    ("mqtt_router_replaced_total", "", "Routers that died or were stuck, and were replaced."),
    ("mqtt_subscribe_refused_total", "", "Filters refused."),
    ("mqtt_malformed_total", "reason", "Messages of boards dropped for their form."),
    ("mqtt_tls_handshakes_total", "kind", "TLS handshakes completed."),
];

impl From<BadKind> for Count {
    fn from(kind: BadKind) -> Self {
        match kind {
            BadKind::Topic => Self::BadTopic,
            BadKind::Forbidden => Self::BadForbidden,
            BadKind::Retained => Self::BadRetained,
            BadKind::TooLong => Self::BadTooLong,
            BadKind::NotText => Self::BadNotText,
            BadKind::FieldCount => Self::BadFieldCount,
            BadKind::Field => Self::BadField,
            BadKind::Description => Self::BadDescription,
        }
    }
}

/// The counts of one edge since it was made. They only rise.
#[derive(Debug)]
pub struct Counters([AtomicU64; Count::ALL.len()]);

impl Default for Counters {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl Counters {
    /// One count.
    pub fn get(&self, count: Count) -> u64 {
        self.0[count as usize].load(Ordering::Relaxed)
    }

    /// All counts, those that are zero included.
    pub fn snapshot(&self) -> impl Iterator<Item = (Count, u64)> + '_ {
        Count::ALL.iter().map(|&count| (count, self.get(count)))
    }

    /// All counts as metrics, one for each family.
    pub fn metrics(&self) -> Vec<Metric> {
        let metric = |&(name, label, help)| {
            let of_family = self.snapshot().filter(|(count, _)| count.family() == name);
            let numbers = of_family.map(|(count, number)| (count.reason(), number)).collect();
            Metric { name, help, kind: MetricKind::Counter, label, numbers }
        };
        FAMILIES.iter().map(metric).collect()
    }

    pub(crate) fn one(&self, count: Count) {
        self.add(count, 1);
    }

    pub(crate) fn add(&self, count: Count, by: usize) {
        self.0[count as usize].fetch_add(by as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_is_in_one_metric_under_a_name_of_its_own() {
        let counters = Counters::default();
        Count::ALL.iter().enumerate().for_each(|(index, &count)| counters.add(count, index + 1));
        let metrics = counters.metrics();
        let mut seen: Vec<u64> =
            metrics.iter().flat_map(|metric| metric.numbers.iter().map(|(_, number)| *number)).collect();
        seen.sort_unstable();
        assert_eq!(seen, (1..=Count::ALL.len() as u64).collect::<Vec<_>>());
        for metric in &metrics {
            let values: std::collections::HashSet<_> = metric.numbers.iter().map(|(of, _)| of).collect();
            assert_eq!(values.len(), metric.numbers.len(), "{metric:?}");
            assert!(metric.name.ends_with("_total") && !metric.help.is_empty(), "{metric:?}");
            let labelled = !metric.label.is_empty();
            assert!(metric.numbers.iter().all(|(of, _)| of.is_empty() != labelled), "{metric:?}");
        }
    }
}
