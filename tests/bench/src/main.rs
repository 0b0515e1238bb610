//! How fast a tap and the MQTT edge are: the gateway beside Debian's mosquitto on the same machine, in one run.
//!
//! Boards are light and live in a thread of this process, clients in another, the gateway and mosquitto in processes of
//! their own; where boards come in they are the firmware itself, as processes. The only thing that makes a run fail is a command
//! that does not end CONFIRMED, or a change or a message that does not arrive; how fast it went is told, beside the goals, and
//! never asserted.

mod board;
mod boards;
mod child;
mod clock;
mod door;
mod edge;
mod fleet;
mod footprint;
mod gateway;
mod graphql;
mod http;
mod load;
mod mosquitto;
mod mqtt;
mod people;
mod screens;
mod statistics;
mod suite;
mod table;
mod taps;
mod websocket;

use clap::Parser;
use std::path::PathBuf;
use std::process::ExitCode;
use suite::{Part, Scale};
use tokio::signal::unix::{SignalKind, signal};

/// Measures taps through the gateway and messages through its edge, beside mosquitto, and prints a table in Markdown.
#[derive(Parser)]
struct Arguments {
    /// The gateway, a release build
    #[arg(long, value_name = "PATH", default_value = "target/release/gatehouse")]
    gatehouse: PathBuf,
    /// Seconds instead of minutes: to see that everything works, not to measure
    #[arg(long)]
    quick: bool,
    /// One part of it
    #[arg(long, value_name = "PART")]
    only: Option<Part>,
    /// Writes the table to this file too
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    results: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let scale = if arguments.quick { Scale::QUICK } else { Scale::FULL };
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // What is dropped half done takes the programs it started with it.
    let results = tokio::select! {
        results = suite::run(&arguments.gatehouse, &scale, arguments.only) => results?,
        _ = terminate.recv() => anyhow::bail!("told to stop"),
        _ = interrupt.recv() => anyhow::bail!("told to stop"),
    };
    let page = table::page(&results, &scale);
    print!("{page}");
    if let Some(path) = arguments.results {
        std::fs::write(path, page)?;
    }
    Ok(())
}
