//! The edge from outside: real sockets on loopback, a small client of its own, and Debian's mosquitto clients.

mod client;
mod hostile;
mod integrations;
mod login;
mod mosquitto;
mod orders;
mod presence;
mod world;
