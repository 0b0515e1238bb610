//! The edge from outside: real sockets on loopback, a small client of its own, and Debian's mosquitto clients.

// A helper of a test may panic like the test itself.
#![allow(clippy::unwrap_used)]

mod announcements;
mod beliefs;
mod client;
mod client5;
mod commands;
mod conformance;
mod hostile;
mod integrations;
mod login;
mod matrix;
mod misbehaviour;
mod mosquitto;
mod orders;
mod pace;
mod presence;
mod retained;
mod sessions;
mod tls;
mod v5;
mod v5_limits;
mod world;
