//! `[limits]`: how much the MQTT edge takes.

use crate::exit::Failure;
use gatehouse_broker::Limits;
use serde::Deserialize;
use std::ops::RangeInclusive;

pub(super) const KEYS: &[&str] =
    &["connections", "connections_per_address", "integrations", "packet_bytes", "retained_messages", "retained_bytes"];

/// What is not set is as the edge has it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawLimits {
    connections: Option<i64>,
    connections_per_address: Option<i64>,
    integrations: Option<i64>,
    packet_bytes: Option<i64>,
    retained_messages: Option<i64>,
    retained_bytes: Option<i64>,
}

impl RawLimits {
    pub(super) fn check(&self) -> Result<Limits, Failure> {
        let usual = Limits::default();
        let limits = Limits {
            connections: within("connections", self.connections, usual.connections, 1..=10_000)?,
            connections_per_address: within(
                "connections_per_address",
                self.connections_per_address,
                usual.connections_per_address,
                1..=10_000,
            )?,
            integrations: within("integrations", self.integrations, usual.integrations, 1..=256)?,
            // What a board says of itself at its start has to fit.
            packet_bytes: within("packet_bytes", self.packet_bytes, usual.packet_bytes, 4 * 1024..=256 * 1024)?,
            ..usual
        };
        let messages = within("retained_messages", self.retained_messages, usual.retained_messages, 1..=100_000)?;
        let bytes = within("retained_bytes", self.retained_bytes, usual.retained_bytes, 1..=64 * 1024 * 1024)?;
        Ok(limits.with_retained(messages, bytes))
    }
}

fn within(key: &str, asked: Option<i64>, usual: usize, range: RangeInclusive<usize>) -> Result<usize, Failure> {
    let Some(asked) = asked else { return Ok(usual) };
    usize::try_from(asked).ok().filter(|asked| range.contains(asked)).ok_or_else(|| {
        let (least, most) = range.into_inner();
        Failure::usage(format!("[limits] {key} = {asked} must be from {least} to {most}; {usual} when it is not set"))
    })
}
