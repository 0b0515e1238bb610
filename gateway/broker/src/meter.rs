//! How full the edge is, beside what it has counted.

use crate::Edge;
use crate::counters::Counters;
use gatehouse_core::metric::{Metric, MetricKind};
use std::sync::{Arc, Weak};

/// Reads the edge's numbers; holds nothing of it open.
#[derive(Clone)]
pub struct Meter {
    pub(crate) edge: Weak<Edge>,
    pub(crate) counters: Arc<Counters>,
}

fn gauge(name: &'static str, help: &'static str, number: usize) -> Metric {
    Metric { name, help, kind: MetricKind::Gauge, label: "", numbers: vec![("", number as u64)] }
}

impl Meter {
    /// All of them as they are now; once the edge is gone what it counted is left. Never blocks for long.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut all = self.counters.metrics();
        let Some(edge) = self.edge.upgrade() else { return all };
        let (boards, integrations) = edge.registry.connected();
        let (messages, bytes) = edge.retained.size();
        all.push(Metric {
            name: "mqtt_connections",
            help: "Clients connected and logged in.",
            kind: MetricKind::Gauge,
            label: "kind",
            numbers: vec![("board", boards as u64), ("integration", integrations as u64)],
        });
        all.push(gauge("mqtt_sessions_kept", "Sessions of integrations that are away.", edge.sessions.kept()));
        all.push(gauge("mqtt_retained_messages", "Retained messages.", messages));
        all.push(gauge("mqtt_retained_bytes", "Bytes of retained topics and payloads.", bytes));
        let excess = edge.excess.bytes();
        all.push(gauge("mqtt_excess_bytes", "Bytes that wait for slow integrations beyond their shares.", excess));
        let waiting = edge.inbox.max_capacity() - edge.inbox.capacity();
        all.push(gauge("mqtt_hub_queue", "Events that wait for the hub.", waiting));
        all
    }
}
