//! Tells of boards that come in, each goal beside what was measured.

use super::{Came, Results, Row, Scale};
use crate::statistics::median;
use crate::table::met;
use std::fmt::Write;

/// Milliseconds from the plug to the first tap that is CONFIRMED.
const TAPPED_GOAL: f64 = 10_000.0;
/// Milliseconds until a board in the network is listed.
const LISTED_GOAL: f64 = 2_000.0;

/// Tells of it.
pub(crate) fn write(page: &mut String, results: &Results, scale: &Scale) {
    let Scale { homes, row, noticed } = scale;
    let _infallible = write!(
        page,
        "\n## Boards come in\n\n`make bench BENCH_ONLY=boards` does this part alone. The boards are the firmware as a process, at a pseudo-terminal or on a \
         machine of its own (a network namespace), with a simulated radio that joins within 20 ms: what an ESP8266 needs to start, to join and for TLS comes \
         on top. What a person does takes no time. By cable: {homes} homes with a board each, and {row} boards of one home in a row, each unplugged after its tap. In the \
         network: {noticed} boards, one after the other, from the start of its program.\n\n\
         | ms | least | median | most | goal | |\n|:--|--:|--:|--:|:--|:--|\n"
    );
    by_cable(page, "a home's first board", &results.first);
    by_cable(page, &format!("one of {row} in a row"), &results.row);
    match &results.network {
        Some(network) => {
            line(page, "in the network: listed", &network.listed, Some(LISTED_GOAL));
            line(page, "in the network: shown as open, from the press of FLASH", &network.open, None);
        }
        None => page.push_str("| in the network: not measured, for that needs root |  |  |  |  |  |\n"),
    }
    let failed = results.first.failed + results.row.failed;
    let _infallible = write!(
        page,
        "\n{row} boards in a row took {:.1} s. Of {} boards in all, {failed} did not come in; none may: {}.\n",
        results.row.took_ns as f64 / 1e9,
        homes + row,
        met(failed == 0)
    );
}

fn by_cable(page: &mut String, which: &str, row: &Row) {
    let of = |pick: fn(&Came) -> u64| row.came.iter().map(pick).collect::<Vec<_>>();
    line(page, &format!("{which}: plugged in, until it can be claimed"), &of(|came| came.ready_ns), None);
    line(page, &format!("{which}: until it is claimed"), &of(|came| came.claimed_ns), None);
    line(page, &format!("{which}: until its first tap is CONFIRMED"), &of(|came| came.tapped_ns), Some(TAPPED_GOAL));
}

fn line(page: &mut String, what: &str, took_ns: &[u64], goal: Option<f64>) {
    let ms = |ns: u64| ns as f64 / 1e6;
    let (least, most) = (took_ns.iter().min(), took_ns.iter().max());
    let [least, most] = [least, most].map(|ns| ms(ns.copied().unwrap_or_default()));
    let (wanted, is_met) = goal
        .map_or_else(Default::default, |goal| (format!("≤ {goal:.0}, each"), met(!took_ns.is_empty() && most <= goal)));
    let middle = median(took_ns.iter().map(|ns| ms(*ns)));
    let _infallible = writeln!(page, "| {what} | {least:.0} | {middle:.0} | {most:.0} | {wanted} | {is_met} |");
}
