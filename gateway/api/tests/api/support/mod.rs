//! A gateway to ask, and what to ask it with.

pub(crate) mod board;
pub(crate) mod gateway;
pub(crate) mod house;
pub(crate) mod http;
pub(crate) mod people;
pub(crate) mod provider;
pub(crate) mod ws;

pub(crate) use board::Board;
pub(crate) use gateway::{Gateway, hash_secret, home_assistant_filters, settings};
pub(crate) use house::House;
pub(crate) use http::{Client, Reply, unchunked};
pub(crate) use ws::{Frame, Socket};

use std::time::Duration;

/// Nothing in these tests takes nearly as long, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} did not happen"))
}
