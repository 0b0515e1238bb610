//! How much of everything one edge takes.

use crate::message::OwnedMessage;
use std::time::Duration;

/// Bounds on what clients may use. Every one of them is counted when it is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections in all; a further one is closed at once.
    pub connections: usize,
    /// Connections from one address (one /64 of IPv6); a further one is closed at once.
    pub connections_per_address: usize,
    /// Connections of integrations; a further one is told "server unavailable" (CONNACK 3, or 0x97).
    pub integrations: usize,
    /// Those of one credential; a further one is told the same.
    pub connections_per_integration: usize,
    /// From the accepted socket to a complete TLS handshake; an ESP8266 takes one to two seconds for one.
    pub handshake_deadline: Duration,
    /// From then, or without TLS from the accepted socket, to a complete CONNECT.
    pub connect_deadline: Duration,
    /// Largest CONNECT, in bytes behind its fixed header.
    pub connect_bytes: usize,
    /// Largest packet after CONNECT, in bytes behind its fixed header.
    pub packet_bytes: usize,
    /// QoS 2 messages that an integration may have open; one more ends its connection.
    pub receive_maximum: u16,
    /// Longest keep-alive an integration of MQTT 5 gets, in seconds; none is left at none.
    pub integration_keep_alive: u16,
    /// Sessions kept for integrations that are away, in all.
    pub sessions: usize,
    /// Sessions kept for one credential.
    pub sessions_per_integration: usize,
    /// Longest that a session is kept.
    pub session_expiry: Duration,
    /// Messages that wait for one integration that is away; a further one is dropped.
    pub away_messages: usize,
    /// Bytes of them.
    pub away_bytes: usize,
    /// How long one write may wait for a client that does not read.
    pub write_deadline: Duration,
    /// How long a client may leave QoS 1 messages unacknowledged, from the last one it did acknowledge.
    pub ack_deadline: Duration,
    /// Commands that one integration has at once, and how long it takes to get one back.
    pub commands_per_integration: (u32, Duration),
    /// Commands that all integrations together have at once for one board, and how long it takes to get one back. Fewer
    /// than [`Self::orders_waiting`], so that a person's command always finds room.
    pub commands_per_board: (u32, Duration),
    /// Orders that wait for one board; a further one is [`crate::NotSent::QueueFull`].
    pub orders_waiting: usize,
    /// QoS 1 messages sent to one client and not yet acknowledged.
    pub in_flight: usize,
    /// Messages that wait for one integration before it is cut as too slow.
    pub backlog: usize,
    /// Bytes of them in memory. A subscriber gets all that is retained at once: the two are no fewer than that.
    pub backlog_bytes: usize,
    /// Bytes that wait in memory for all integrations together, beyond a mebibyte for each of them; with more, those are
    /// cut as too slow that have gone without reading for longest. No fewer than [`Self::backlog_bytes`].
    pub excess_bytes: usize,
    /// Packets and bytes that one integration's connection may send in a second. Who sends more is read slower; 0 is no
    /// limit.
    pub integration_rate: (u32, u32),
    /// The same of a board.
    pub board_rate: (u32, u32),
    /// Filters of one integration; a further one is refused (SUBACK 0x80).
    pub filters: usize,
    /// Longest keep-alive a board gets; longer ones and none are held to it.
    pub board_keep_alive: Duration,
    /// How long the router behind the edge may be silent before it is replaced.
    pub router_deadline: Duration,
    /// Retained messages in all.
    pub retained_messages: usize,
    /// Bytes of all retained topics and payloads.
    pub retained_bytes: usize,
    /// Retained messages of one board or integration.
    pub retained_per_client: usize,
    /// Bytes of all topics and payloads that Home Assistant is told; what does not fit is told once, and not retained.
    pub announced_bytes: usize,
    /// Wrong logins that one user name at one address has at once, and how long it takes to get one back.
    pub failures_per_user: (u32, Duration),
    /// Wrong logins that one address has at once, and how long it takes to get one back.
    pub failures_per_address: (u32, Duration),
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_200,
            connections_per_address: 1_000,
            integrations: 32,
            connections_per_integration: 8,
            handshake_deadline: Duration::from_secs(10),
            connect_deadline: Duration::from_secs(5),
            connect_bytes: 2 * 1024,
            packet_bytes: 64 * 1024,
            receive_maximum: 64,
            integration_keep_alive: 60,
            sessions: 32,
            sessions_per_integration: 8,
            session_expiry: Duration::from_secs(24 * 60 * 60),
            away_messages: 10_000,
            away_bytes: 1024 * 1024,
            write_deadline: Duration::from_secs(5),
            ack_deadline: Duration::from_secs(20),
            commands_per_integration: (256, Duration::from_millis(30)),
            commands_per_board: (32, Duration::from_millis(250)),
            orders_waiting: 64,
            in_flight: 32,
            backlog: 40_000,
            backlog_bytes: 20 * 1024 * 1024,
            excess_bytes: 40 * 1024 * 1024,
            integration_rate: (250_000, 64 * 1024 * 1024),
            board_rate: (5_000, 4 * 1024 * 1024),
            filters: 1_024,
            board_keep_alive: Duration::from_secs(10),
            router_deadline: Duration::from_secs(5),
            retained_messages: 20_000,
            retained_bytes: 4 * 1024 * 1024,
            retained_per_client: 8_000,
            announced_bytes: 8 * 1024 * 1024,
            failures_per_user: (10, Duration::from_secs(5)),
            failures_per_address: (200, Duration::from_millis(200)),
        }
    }
}

impl Limits {
    /// The same with so much retained, of one client two fifths of the messages at most, and with room for all of it to
    /// wait for a subscriber.
    #[must_use]
    pub fn with_retained(self, messages: usize, bytes: usize) -> Self {
        let backlog = self.backlog.max(2 * messages);
        let waiting = bytes + self.announced_bytes + backlog * size_of::<OwnedMessage>();
        Self {
            retained_messages: messages,
            retained_bytes: bytes,
            retained_per_client: (messages * 2 / 5).max(1),
            backlog,
            backlog_bytes: self.backlog_bytes.max(waiting),
            excess_bytes: self.excess_bytes.max(2 * waiting),
            ..self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_retained_fits_what_may_wait_for_one_integration() {
        let usual = Limits::default();
        assert_eq!(usual.clone().with_retained(usual.retained_messages, usual.retained_bytes), usual);
        let large = usual.with_retained(100_000, 64 * 1024 * 1024);
        assert!(large.backlog > large.retained_messages && large.backlog_bytes > large.retained_bytes, "{large:?}");
        assert!(large.excess_bytes >= large.backlog_bytes, "{large:?}");
        assert_eq!(Limits::default().with_retained(1, 1).retained_per_client, 1);
    }
}
