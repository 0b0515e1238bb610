//! The program: arguments in, exit code out. What it is made of is put together in `app`.

// How deep the compiler may look into types: GraphQL's root joins many queries, each a layer of its futures, and an
// optimised build lays them out here.
#![recursion_limit = "256"]

mod app;
mod backup;
mod certificates;
mod cli;
mod config;
mod control;
mod disk;
mod doctor;
mod exit;
mod factory_reset;
mod firmware;
mod flash;
mod header;
mod integrations;
mod listeners;
mod log;
mod mail;
mod manual;
mod nearby;
mod neighbours;
mod oidc;
mod own_address;
mod parts;
mod provision;
mod ready_file;
mod reload;
mod secret_file;
mod serial;
mod snapshots;
mod supervisor;
mod tokens;
mod trial;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::parse().and_then(cli::Invocation::carry_out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
