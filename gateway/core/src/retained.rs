//! Retained messages of integrations, as they outlive a restart of the gateway.

use crate::time::{Now, Wall};
use std::sync::Arc;
use std::time::Duration;

/// The last message that an integration published to a topic with the retain flag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetainedMessage {
    /// Its topic, which has no other.
    pub topic: Arc<str>,
    /// The user name of the integration that published it: the message goes when that is revoked.
    pub user: Arc<str>,
    /// What it says; never empty.
    pub payload: Arc<[u8]>,
    /// The QoS it was published at, 0 to 2.
    pub qos: u8,
    /// The properties of MQTT 5 that its receivers get as they are, in their form on the wire.
    pub properties: Arc<[u8]>,
    /// When it ends; none for one that stays.
    pub expiry: Option<Expiry>,
}

/// A change of what is kept; of two for one topic the later counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RetainedChange {
    /// This is the topic's message now.
    Kept(RetainedMessage),
    /// The topic has none any more.
    Deleted(Arc<str>),
}

impl RetainedChange {
    /// What it is about.
    pub fn topic(&self) -> &Arc<str> {
        match self {
            Self::Kept(message) => &message.topic,
            Self::Deleted(topic) => topic,
        }
    }
}

/// When a message ends, written down so that it can be read after a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// What was left of its time when this was written.
    pub left: Duration,
    /// The end by the wall clock; none when that was not trusted.
    pub at: Option<Wall>,
}

impl Expiry {
    /// Of a message with so much time left.
    pub fn new(left: Duration, now: &Now) -> Self {
        let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
        let at = now.stamp().map(|wall| Wall::from_millis(wall.as_millis().saturating_add(millis)));
        Self { left, at }
    }

    /// What is left of it, as far as the clocks can tell: while the wall clock is not trusted, or was not when this was
    /// written, nobody knows how long the gateway was off, and that time does not count. Never more than there was.
    pub fn left(&self, now: &Now) -> Duration {
        match (self.at, now.stamp()) {
            (Some(at), Some(wall)) => {
                Duration::from_millis(at.as_millis().saturating_sub(wall.as_millis())).min(self.left)
            }
            _ => self.left,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Mono;

    fn now(seconds: u64, wall_trusted: bool) -> Now {
        Now { mono: Mono::default(), wall: Wall::from_millis(seconds * 1_000), wall_trusted }
    }

    #[test]
    fn time_off_counts_only_where_both_clocks_were_right() {
        let seconds = Duration::from_secs;
        for (written, read, left) in [
            (now(100, true), now(130, true), seconds(30)),
            (now(100, true), now(160, true), Duration::ZERO),
            (now(100, true), now(900, true), Duration::ZERO),
            (now(100, true), now(900, false), seconds(60)),
            (now(100, false), now(900, true), seconds(60)),
            (now(100, true), now(10, true), seconds(60)),
        ] {
            assert_eq!(Expiry::new(seconds(60), &written).left(&read), left, "{written:?} {read:?}");
        }
        let longest = Expiry::new(Duration::MAX, &now(1, true));
        assert_eq!(longest.at, Some(Wall::from_millis(u64::MAX)));
    }
}
