//! How a device is, beside its switches.

use async_graphql::Object;
use gatehouse_core::health;
use std::sync::Arc;

/// How a device is.
pub(crate) struct Health(pub(crate) Arc<health::Health>);

/// How a device is, as its board tells it and as the gateway sees its connections. Kept in memory: counts are since the
/// gateway started, and what has not been told since is null. `deviceChanged` tells of it at most every 10 s while nothing else of
/// the device changes.
#[Object]
impl Health {
    /// Its Wi-Fi signal in dBm: about -50 is strong, below -80 is weak.
    async fn rssi_dbm(&self) -> Option<i32> {
        self.0.rssi_dbm.map(Into::into)
    }

    /// Its free memory in bytes.
    async fn free_heap_bytes(&self) -> Option<f64> {
        self.0.free_heap_bytes.map(Into::into)
    }

    /// How long it had been running when it last told so, in milliseconds.
    async fn uptime_ms(&self) -> Option<f64> {
        // Exact up to 2^53.
        self.0.uptime_ms.map(|ms| ms as f64)
    }

    /// Why it last started, in its own words.
    async fn restart_reason(&self) -> Option<&str> {
        self.0.restart_reason.as_deref()
    }

    /// How often it connected anew.
    async fn reconnects(&self) -> f64 {
        self.0.reconnects.into()
    }

    /// How often it restarted: its uptime was less than it had been.
    async fn restarts(&self) -> f64 {
        self.0.restarts.into()
    }

    /// Its clock, which counts from its start, less the gateway's, which counts from the start of the daemon, in
    /// milliseconds: what deadlines of commands are computed by.
    async fn clock_offset_ms(&self) -> Option<f64> {
        self.0.clock_offset_ms.map(|ms| ms as f64)
    }
}
