//! `gatehouse-simulation --seeds COUNT [--from SEED]` simulates many worlds, `--seed SEED` tells one line by line.

use gatehouse_simulation::{Totals, simulate, simulate_telling};
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "usage: gatehouse-simulation --seeds COUNT [--from SEED] | --seed SEED";

enum Asked {
    Many { from: u64, count: u64 },
    One(u64),
}

fn arguments() -> Option<Asked> {
    let (mut count, mut from, mut one) = (None, 0, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let number = words.next()?.parse().ok()?;
        match word.as_str() {
            "--seeds" => count = Some(number),
            "--from" => from = number,
            "--seed" => one = Some(number),
            _ => return None,
        }
    }
    match (one, count) {
        (Some(seed), None) => Some(Asked::One(seed)),
        (None, Some(count)) => Some(Asked::Many { from, count }),
        _ => None,
    }
}

fn main() -> ExitCode {
    let Some(asked) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut totals = Totals::default();
    let outcome = match asked {
        Asked::One(seed) => {
            let mut out = std::io::stdout().lock();
            // A reader that goes away early, `head` say, ends nothing but the story.
            simulate_telling(seed, &mut |line| drop(writeln!(out, "{line}"))).map(|one| totals.add(&one))
        }
        Asked::Many { from, count } => {
            (from..from.saturating_add(count)).try_for_each(|seed| simulate(seed).map(|one| totals.add(&one)))
        }
    };
    print!("{totals}");
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(broken) => {
            eprintln!("{broken}");
            ExitCode::FAILURE
        }
    }
}
