//! The results as Markdown, each goal beside what was measured. Goals are shown, never asserted.

use crate::boards;
use crate::edge;
use crate::people;
use crate::statistics::{Percentiles, Series, median};
use crate::suite::{BOARDS, Compared, Footprint, OfTaps, RELAYS, Results, SCREENS, Scale};
use std::fmt::Write;

/// Upper bounds, as multiples of mosquitto's p50 and p99.
struct Goal {
    p50: f64,
    p99: f64,
}

const ALONE: Goal = Goal { p50: 2.5, p99: 3.0 };
const ABREAST: Goal = Goal { p50: 2.0, p99: 3.0 };
/// Commands a second.
const SATURATED: f64 = 15_000.0;
/// Milliseconds.
const COLD_START: f64 = 50.0;
/// Megabytes.
const RSS_IDLE: f64 = 20.0;
const RSS_CROWD: f64 = 35.0;
const PROGRAM: f64 = 16.0;
/// Microseconds until the last of the most screens has a change.
const SCREENS_P99: f64 = 2_000.0;

const TAP_HEAD: &str = "\n| µs | p50 | p95 | p99 | × p50 | × p99 | goal | |\n|:--|--:|--:|--:|--:|--:|:--|:--|\n";

/// Whether this process, and so every program it starts, has a real-time scheduling policy.
pub(crate) fn is_real_time() -> bool {
    // Field 41 of proc_pid_stat(5); the second one is the program's name in parentheses, which may hold anything.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    matches!(fields.split_whitespace().nth(41 - 3), Some("1" | "2"))
}

/// What stands beside a goal.
pub(crate) fn met(is_met: bool) -> &'static str {
    if is_met { "met" } else { "**not met**" }
}

/// The whole page.
pub(crate) fn page(results: &Results, scale: &Scale) -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (command, ahead) = if is_real_time() {
        let ahead = "; mosquitto, gateway, boards and clients alike run ahead of whatever else it does";
        ("make bench BENCH_UNDER=\"chrt --rr 1\"", ahead)
    } else {
        ("make bench", "")
    };
    let mut page = format!(
        "# How fast the gateway is, beside mosquitto\n\n\
         `{command}` on a machine with {cores} cores, shared with others{ahead}. Each figure is the median of {rounds} rounds ({rounds_alone} one at a time), after \
         {warm_up} that did not count, in which mosquitto and the gateway took turns.\n",
        rounds = scale.rounds,
        rounds_alone = scale.rounds_alone,
        warm_up = scale.warm_up,
    );
    if scale.rounds < Scale::FULL.rounds {
        page.push_str("\n**A quick run: it shows that everything works, and measures nothing.**\n");
    }
    if let Some(results) = &results.taps {
        all_taps(&mut page, results);
    }
    if let Some(results) = &results.edge {
        edge::page::write(&mut page, results, &scale.edge);
    }
    if let Some(results) = &results.people {
        people::page(&mut page, results);
    }
    if let Some(results) = &results.boards {
        boards::page(&mut page, results, &scale.boards);
    }
    if let Some(results) = &results.footprint {
        footprint(&mut page, results, scale);
    }
    page
}

fn all_taps(page: &mut String, results: &OfTaps) {
    let _infallible = write!(
        page,
        "\n{BOARDS} light boards with {RELAYS} relays each, in a process with the clients; QoS 1 and TCP_NODELAY throughout. Times \
         run from the moment before the command is written. The ratios are to the first line: the least a round trip \
         client → mosquitto → board → mosquitto → client takes, with boards that answer with one message. To the gateway a \
         board also says `$target` and value, as the firmware does; the second line is mosquitto carrying the same.\n",
    );
    taps(page, "One tap at a time", &results.alone, &ALONE);
    taps(page, "20 in flight", &results.abreast, &ABREAST);
    saturated(page, &results.saturated);
    screens(page, &results.screens);
}

fn taps(page: &mut String, title: &str, compared: &Compared, goal: &Goal) {
    let _infallible = write!(page, "\n## {title}\n{TAP_HEAD}");
    let least = compared.least.answered.medians();
    let rows: [(&str, &Series, bool); 8] = [
        ("mosquitto, boards answer with one message", &compared.least.answered, false),
        ("mosquitto, boards answer as to the gateway", &compared.same.answered, false),
        ("gateway, HTTP: board obeyed", &compared.http.obeyed, false),
        ("gateway, HTTP: answered CONFIRMED", &compared.http.answered, true),
        ("gateway, WebSocket: board obeyed", &compared.websocket.obeyed, false),
        ("gateway, WebSocket: answered CONFIRMED", &compared.websocket.answered, true),
        ("gateway, WebSocket, beside a second client: answered CONFIRMED", &compared.watched.answered, false),
        ("gateway, WebSocket: seen by the second client", &compared.watched.seen, true),
    ];
    for (name, series, has_goal) in rows {
        let Percentiles { p50, p95, p99 } = series.medians();
        let (times_50, times_99) = (p50 / least.p50, p99 / least.p99);
        let (wanted, is_met) = if has_goal {
            let is_met = times_50 <= goal.p50 && times_99 <= goal.p99;
            (format!("≤ {} ×, ≤ {} ×", goal.p50, goal.p99), met(is_met))
        } else {
            (String::new(), "")
        };
        let _infallible = writeln!(
            page,
            "| {name} | {p50:.0} | {p95:.0} | {p99:.0} | {times_50:.1} | {times_99:.1} | {wanted} | {is_met} |"
        );
    }
}

fn saturated(page: &mut String, compared: &Compared) {
    page.push_str("\n## Saturated: 128 in flight on 4 connections (HTTP: 50 on 50)\n\n");
    page.push_str("| commands a second | | ratio | goal | |\n|:--|--:|--:|:--|:--|\n");
    let least = compared.least.per_second();
    let rows = [
        ("mosquitto, boards answer with one message", least, false),
        ("mosquitto, boards answer as to the gateway", compared.same.per_second(), false),
        ("gateway, HTTP", compared.http.per_second(), false),
        ("gateway, WebSocket", compared.websocket.per_second(), true),
        ("gateway, WebSocket, every change also to 4 second clients", compared.watched.per_second(), false),
    ];
    for (name, rate, has_goal) in rows {
        let (goal, is_met) =
            if has_goal { (format!("≥ {SATURATED:.0}"), met(rate >= SATURATED)) } else { (String::new(), "") };
        let _infallible = writeln!(page, "| {name} | {rate:.0} | {:.2} | {goal} | {is_met} |", rate / least);
    }
}

fn screens(page: &mut String, screens: &[[Series; 2]]) {
    page.push_str("\n## A change on its way to many screens: until the last one has it\n\n");
    page.push_str("| µs | p50 | p95 | p99 | goal | |\n|:--|--:|--:|--:|:--|:--|\n");
    for (cause, what) in [
        "one change: wall button, from the relay's movement",
        "tap, switching and then confirmed, from before the command is written",
    ]
    .iter()
    .enumerate()
    {
        for (count, series) in SCREENS.iter().zip(screens) {
            let Percentiles { p50, p95, p99 } = series[cause].medians();
            // A tap makes two changes, and a trip to the board between them: the goal is for one change.
            let (goal, is_met) = if cause == 0 && SCREENS.last() == Some(count) {
                (format!("p99 ≤ {SCREENS_P99:.0}"), met(p99 <= SCREENS_P99))
            } else {
                (String::new(), "")
            };
            let _infallible =
                writeln!(page, "| {count} screens; {what} | {p50:.0} | {p95:.0} | {p99:.0} | {goal} | {is_met} |");
        }
    }
}

fn footprint(page: &mut String, results: &Footprint, scale: &Scale) {
    page.push_str("\n## Start, memory, size\n\n| | | goal | |\n|:--|--:|:--|:--|\n");
    let cold_start = median(results.idle.cold_start_ns.iter().map(|ns| *ns as f64 / 1e6));
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let (boards, commands) = scale.crowd;
    let crowd = format!("resident memory, {boards} boards, after {commands} commands");
    let starts = format!("cold start to `/readyz`, home of 10 boards, median of {}", scale.starts);
    let rows = [
        (starts.as_str(), cold_start, "ms", Some(COLD_START)),
        ("resident memory, 10 boards, idle", megabytes(results.idle.rss), "MB", Some(RSS_IDLE)),
        (crowd.as_str(), megabytes(results.crowd.rss), "MB", Some(RSS_CROWD)),
        ("the same, once somebody has thought of a password", megabytes(results.crowd.rss_password), "MB", None),
        ("program, stripped, dashboard in it", megabytes(results.program_bytes), "MB", Some(PROGRAM)),
    ];
    for (name, value, unit, goal) in rows {
        let (wanted, is_met) =
            goal.map_or_else(Default::default, |goal| (format!("≤ {goal} {unit}"), met(value <= goal)));
        let _infallible = writeln!(page, "| {name} | {value:.1} {unit} | {wanted} | {is_met} |");
    }
}
