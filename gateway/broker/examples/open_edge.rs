//! An edge for interoperability suites, run by hand: `cargo run -p gatehouse-broker --example open_edge -- 1883`. On
//! loopback, with an integration `suite` that may publish and subscribe everywhere and an integration `narrow` that may
//! in `TopicA/#`; a password is the same as its name. Ends with its input.

#![allow(clippy::unwrap_used)]

use gatehouse_broker::{Broker, Limits, Listener, secret_hash};
use gatehouse_core::access::{Credentials, IntegrationCredential};
use std::sync::Arc;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = std::env::args().nth(1).map_or(0, |port| port.parse().expect("the first argument is a port"));
    let socket = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is free");
    println!("{}", socket.local_addr().unwrap());
    let mut credentials = Credentials::default();
    for (user, filter) in [("suite", "#"), ("narrow", "TopicA/#")] {
        let (secret, filters) = (secret_hash(user, user.as_bytes()), vec![filter.to_owned()]);
        let credential = IntegrationCredential { secret, publish: filters.clone(), subscribe: filters };
        credentials.integrations.insert(user.into(), credential);
    }
    // Nothing changes them, and no board says anything.
    let (_credentials, watched) = watch::channel(Arc::new(credentials));
    let (inbox, _events) = mpsc::channel(1);
    let (broker, _orders) = Broker::new(Limits::default(), watched, inbox);
    let (counters, stop) = (broker.counters(), CancellationToken::new());
    let running = tokio::spawn(broker.run(vec![Listener { socket, tls: None }], stop.clone()));
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    stop.cancel();
    running.await.unwrap();
    for (count, number) in counters.snapshot().filter(|(_, number)| *number > 0) {
        println!("{}{{{}}} {number}", count.family(), count.reason());
    }
}
