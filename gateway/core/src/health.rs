//! How a device is, beside its switches: what its board tells of itself, and what the gateway sees of its connections.

use std::sync::Arc;
use std::time::Duration;

/// Below this signal, dBm, the radio of an ESP8266 repeats many of its frames: taps take seconds, and it drops out.
pub const WEAK_DBM: i16 = -80;
/// From this signal on, dBm, it is well again: a signal that wavers around one mark is told of once.
pub const WELL_DBM: i16 = -76;
/// How long it has to be weak: a door, or somebody in the way, is no news.
pub const WEAK_FOR: Duration = Duration::from_secs(10 * 60);
/// So many reconnects are flapping: a router that restarts makes one, a board that is replugged two or three.
pub const FLAPPING: (u32, Duration) = (5, Duration::from_secs(10 * 60));
/// So many restarts are trouble: power that comes and goes, or firmware that crashes.
pub const RESTARTING: (u32, Duration) = (3, Duration::from_secs(60 * 60));
/// How long a device may be away: whoever unplugs it for a day knows, and a day later somebody should.
pub const SILENT_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How a device is. In memory only: a board tells it again at each connection, and counts are of this run of the gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Its Wi-Fi signal, dBm.
    pub rssi_dbm: Option<i16>,
    /// Its free memory, bytes.
    pub free_heap_bytes: Option<u32>,
    /// How long it had been running when it last told so, milliseconds.
    pub uptime_ms: Option<u64>,
    /// Why it last started, in its own words.
    pub restart_reason: Option<Arc<str>>,
    /// How often it connected anew.
    pub reconnects: u32,
    /// How often its uptime went back.
    pub restarts: u32,
    /// Its clock since it started less the gateway's, milliseconds: the largest of the last ten minutes.
    pub clock_offset_ms: Option<i64>,
}

/// What a board tells of how it is, on one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vitals {
    pub(crate) rssi_dbm: Option<i16>,
    pub(crate) free_heap_bytes: Option<u32>,
    pub(crate) uptime_ms: Option<u64>,
    pub(crate) restart_reason: Option<Arc<str>>,
}

impl Health {
    /// Takes what a board told. True when it has started anew since it last told.
    pub(crate) fn take(&mut self, told: &Vitals) -> bool {
        let restarted = match (self.uptime_ms, told.uptime_ms) {
            (Some(before), Some(now)) => now < before,
            _ => false,
        };
        self.restarts = self.restarts.saturating_add(restarted.into());
        self.rssi_dbm = told.rssi_dbm.or(self.rssi_dbm);
        self.free_heap_bytes = told.free_heap_bytes.or(self.free_heap_bytes);
        self.uptime_ms = told.uptime_ms.or(self.uptime_ms);
        if told.restart_reason.is_some() {
            self.restart_reason.clone_from(&told.restart_reason);
        }
        restarted
    }
}
