//! The edge's part of the page.

use super::storm::FIRST;
use super::{Both, QOS, Results, SHAPES, Scale, TLS, middle};
use crate::statistics::{Percentiles, Series, median};
use crate::table::met;
use rumqttc::mqttbytes::QoS;
use std::fmt::Write;

/// Messages a second, at least so many times mosquitto's.
const RATE: f64 = 1.0;
/// A round trip, at most so many times mosquitto's p50 and p99.
const TRIP: (f64, f64) = (1.5, 2.0);
/// An idle board's memory, in KB, without TLS and with it.
const BOARD_KB: f64 = 25.0;
const BOARD_TLS_KB: f64 = 50.0;

/// All sections.
pub(crate) fn write(page: &mut String, results: &Results, scale: &Scale) {
    rates(page, results);
    trips(page, results);
    memory(page, results, scale);
    handshakes(page, results);
    storm(page, results, scale);
}

fn qos(qos: QoS) -> u8 {
    qos as u8
}

fn rates(page: &mut String, results: &Results) {
    page.push_str(
        "\n## Programs that talk over MQTT: messages a second\n\n\
         Programs log in to the gateway as integrations that the API has made. A message is counted once for everyone who \
         hears it, none may be missing, and payloads have 64 bytes. At most 1,000 are on their way (100 for each of 20 pairs), \
         100 unacknowledged for each publisher. The goal is mosquitto's rate; we aim at five times that.\n\n\
         One limit of the gateway is changed for this page: it takes 64 connections of integrations instead of 32. Boards come \
         from addresses of their own, as in a house, so that the limits for one address are not met, and nobody logs in wrongly.\n\n\
         | messages a second | mosquitto | gateway | ratio | goal | |\n|:--|--:|--:|--:|:--|:--|\n",
    );
    let shapes =
        ["1 publisher, 1 subscriber", "20 publishers, each its subscriber", "20 publishers, 20 subscribers of all"];
    for (level, rates) in QOS.into_iter().zip(&results.rates) {
        for ((_, shape), Both { mosquitto, gateway }) in SHAPES.into_iter().zip(shapes).zip(rates) {
            let [least, ours] = [mosquitto, gateway].map(|rates| median(rates.iter().copied()));
            let (ratio, level) = (ours / least, qos(level));
            let _infallible = writeln!(
                page,
                "| QoS {level}, {shape} | {least:.0} | {ours:.0} | {ratio:.2} | ≥ {RATE} × | {} |",
                met(ratio >= RATE)
            );
        }
    }
}

fn trips(page: &mut String, results: &Results) {
    page.push_str(
        "\n## Programs that talk over MQTT: one message at a time\n\n\
         From before it is written by one program to when another has it; both at the same QoS.\n\n\
         | µs | p50 | p95 | p99 | × p50 | × p99 | goal | |\n|:--|--:|--:|--:|--:|--:|:--|:--|\n",
    );
    for (level, Both { mosquitto, gateway }) in QOS.into_iter().zip(&results.trips) {
        let least = mosquitto.medians();
        let rows: [(&str, &Series, bool); 2] = [("mosquitto", mosquitto, false), ("gateway", gateway, true)];
        for (name, series, has_goal) in rows {
            let Percentiles { p50, p95, p99 } = series.medians();
            let (times_50, times_99, level) = (p50 / least.p50, p99 / least.p99, qos(level));
            let (goal, is_met) = if has_goal {
                let is_met = times_50 <= TRIP.0 && times_99 <= TRIP.1;
                (format!("≤ {} ×, ≤ {} ×", TRIP.0, TRIP.1), met(is_met))
            } else {
                (String::new(), "")
            };
            let _infallible = writeln!(
                page,
                "| QoS {level}, {name} | {p50:.0} | {p95:.0} | {p99:.0} | {times_50:.1} | {times_99:.1} | {goal} | {is_met} |"
            );
        }
    }
}

fn memory(page: &mut String, results: &Results, scale: &Scale) {
    let boards = scale.idle;
    let _infallible = write!(
        page,
        "\n## Memory of a connection\n\n\
         {boards} idle boards of one relay, connected and ready, over the resident memory of the same home without them; \
         their ends of the sockets are in the bench's process, and the kernel's buffers in none. An integration has a link to \
         the router, whose queues stay as large as they have been.\n\n\
         | KB each | mosquitto | gateway | goal | |\n|:--|--:|--:|:--|:--|\n"
    );
    let kb = |bytes: f64| bytes / 1e3;
    for (name, measured, goal) in
        [("idle board", &results.plain, BOARD_KB), ("idle board, over TLS", &results.tls, BOARD_TLS_KB)]
    {
        let (least, ours) = (kb(measured.mosquitto), kb(measured.gateway));
        let is_met = met(ours <= goal);
        let _infallible = writeln!(page, "| {name} | {least:.1} | {ours:.1} | ≤ {goal} | {is_met} |");
    }
    for (name, bytes) in [
        ("idle integration", results.integrations.idle),
        ("integration, after much traffic", results.integrations.used),
    ] {
        let _infallible = writeln!(page, "| {name} | | {:.0} | | |", kb(bytes));
    }
}

fn handshakes(page: &mut String, results: &Results) {
    page.push_str(
        "\n## TLS handshakes\n\n\
         Four at a time, each from TCP to a closed connection, by a client that verifies nothing; both servers have a P-256 \
         certificate. Boards speak TLS 1.2 and resume sessions by their id. Mosquitto works in one thread, the gateway in two.\n\n\
         | | mosquitto a second | gateway a second | ratio | mosquitto, CPU ms each | gateway, CPU ms each |\n\
         |:--|--:|--:|--:|--:|--:|\n",
    );
    for ((version, resumed), Both { mosquitto, gateway }) in TLS.into_iter().zip(&results.handshakes) {
        let [least, ours] = [mosquitto, gateway].map(|rounds| middle(rounds, |round| round.per_second));
        let [least_ms, ours_ms] = [mosquitto, gateway].map(|rounds| middle(rounds, |round| round.cpu_ms));
        let version = if version.version == rustls::ProtocolVersion::TLSv1_2 { "TLS 1.2" } else { "TLS 1.3" };
        let kind = if resumed { "resumed" } else { "full" };
        let _infallible = if mosquitto.is_empty() {
            writeln!(page, "| {version}, {kind} | not resumed | {ours:.0} | | | {ours_ms:.2} |")
        } else {
            let ratio = ours / least;
            writeln!(page, "| {version}, {kind} | {least:.0} | {ours:.0} | {ratio:.2} | {least_ms:.2} | {ours_ms:.2} |")
        };
    }
}

fn storm(page: &mut String, results: &Results, scale: &Scale) {
    let (boards, storms) = scale.storm;
    let mut taps = Series::default();
    let mut count = 0;
    for round in &results.storms.taps_ns {
        count += round.len();
        taps.round(round.clone());
    }
    let Percentiles { p50, p95, p99 } = taps.medians();
    let ms = |ns: &[u64]| median(ns.iter().map(|ns| *ns as f64 / 1e6));
    let _infallible = write!(
        page,
        "\n## The power is back: {boards} boards at once\n\n\
         The gateway and all boards are cut off; the gateway starts, and then {boards} boards of one relay connect at the same \
         moment over TLS, with full handshakes, where real ones wait a random while. A dashboard shows all switches and taps \
         the first {FIRST} that are back, one tap after the other, until all are. {storms} storms, medians; all {count} taps \
         ended CONFIRMED.\n\n\
         | | |\n|:--|--:|\n\
         | mosquitto: all boards have said that they are ready | {:.0} ms |\n\
         | gateway: all boards are shown online | {:.0} ms |\n\
         | gateway, a tap meanwhile: p50 | {:.2} ms |\n\
         | gateway, a tap meanwhile: p95 | {:.2} ms |\n\
         | gateway, a tap meanwhile: p99 | {:.2} ms |\n",
        ms(&results.storms.mosquitto_ns),
        ms(&results.storms.gateway_ns),
        p50 / 1e3,
        p95 / 1e3,
        p99 / 1e3,
    );
}
