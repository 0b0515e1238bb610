//! Numbers about the gateway: `/metrics` in Prometheus' text format, and the same in GraphQL.

use crate::api::Shared;
use crate::error::told;
use crate::viewer::{shared, signed_in};
use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use gatehouse_core::home::Dropped;
use gatehouse_core::metric::{self, MetricKind as Moves};
use std::fmt::{self, Write as _};
use std::sync::Arc;

/// What every metric's name begins with.
const PREFIX: &str = "gatehouse_";

/// Asks the rest of the gateway for its numbers; must not block.
#[derive(Clone)]
pub struct Meter(pub Arc<dyn Fn() -> Vec<metric::Metric> + Send + Sync>);

impl Default for Meter {
    fn default() -> Self {
        Self(Arc::new(Vec::new))
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Meter")
    }
}

/// All numbers, as they are now.
pub(crate) async fn collect(shared: &Shared) -> Vec<metric::Metric> {
    let mut all = (shared.settings.meter.0)();
    let view = shared.hub.view();
    all.push(metric::Metric {
        name: "notices",
        help: "Notices that the owner has not dismissed.",
        kind: Moves::Gauge,
        label: "",
        numbers: vec![("", view.notices.len() as u64)],
    });
    all.push(metric::Metric {
        name: "password_checks_total",
        help: "Passwords checked at sign-in, those of names that nobody has among them.",
        kind: Moves::Counter,
        label: "",
        numbers: vec![("", shared.passwords.checked())],
    });
    if let Ok(dropped) = shared.hub.dropped().await {
        let Dropped { unknown_board, old_link, other_session, old_counter, too_many_endpoints, no_such_order, .. } =
            dropped;
        let Dropped { unknown_integration, unknown_switch, .. } = dropped;
        all.push(metric::Metric {
            name: "hub_dropped_total",
            help: "What boards said, or integrations asked, and the home did not take.",
            kind: Moves::Counter,
            label: "reason",
            numbers: vec![
                ("unknown-board", unknown_board),
                ("old-link", old_link),
                ("other-session", other_session),
                ("old-counter", old_counter),
                ("too-many-endpoints", too_many_endpoints),
                ("no-such-order", no_such_order),
                ("unknown-integration", unknown_integration),
                ("unknown-switch", unknown_switch),
            ],
        });
    }
    all
}

/// Version 0.0.4 of the text format. No name, help or label of ours holds what would have to be escaped.
pub(crate) fn text(all: &[metric::Metric]) -> String {
    let mut text = String::new();
    for metric in all {
        let metric::Metric { name, help, kind, label, numbers } = metric;
        let kind = match kind {
            Moves::Counter => "counter",
            Moves::Gauge => "gauge",
        };
        let _infallible = write!(text, "# HELP {PREFIX}{name} {help}\n# TYPE {PREFIX}{name} {kind}\n");
        for (value, number) in numbers {
            let _infallible = match label.is_empty() {
                true => writeln!(text, "{PREFIX}{name} {number}"),
                false => writeln!(text, "{PREFIX}{name}{{{label}=\"{value}\"}} {number}"),
            };
        }
    }
    text
}

/// How a number moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "metric::MetricKind")]
pub(crate) enum MetricKind {
    /// It only rises, from zero at each start of the gateway.
    Counter,
    /// It is as it is now.
    Gauge,
}

/// Numbers about the gateway itself, told apart by one label.
#[derive(SimpleObject)]
pub(crate) struct Metric {
    /// Its name, as in `/metrics`.
    name: String,
    /// What it counts.
    help: &'static str,
    /// How it moves.
    kind: MetricKind,
    /// What tells its numbers apart; null when there is but one.
    label: Option<&'static str>,
    /// The numbers.
    numbers: Vec<MetricNumber>,
}

/// One number of a metric.
#[derive(SimpleObject)]
pub(crate) struct MetricNumber {
    /// The label's value; empty when there is but one number.
    of: &'static str,
    /// The number, exact up to 2^53.
    value: f64,
}

#[derive(Default)]
pub(crate) struct MetricsQuery;

#[Object]
impl MetricsQuery {
    /// Numbers about the gateway itself: what the MQTT edge counted and refused, and how full it is. For the owner.
    /// Errors: GATEWAY_UNCLAIMED, UNAUTHENTICATED, FORBIDDEN.
    #[graphql(complexity = "5 * child_complexity + 1")]
    async fn metrics(&self, ctx: &Context<'_>) -> Result<Vec<Metric>> {
        signed_in(ctx)?.viewer.administer().map_err(told)?;
        let shared = shared(ctx);
        let all = collect(shared).await;
        let number = |(of, value): (&'static str, u64)| MetricNumber { of, value: value as f64 };
        let metric = |metric: metric::Metric| Metric {
            name: format!("{PREFIX}{}", metric.name),
            help: metric.help,
            kind: metric.kind.into(),
            label: (!metric.label.is_empty()).then_some(metric.label),
            numbers: metric.numbers.into_iter().map(number).collect(),
        };
        Ok(all.into_iter().map(metric).collect())
    }
}
