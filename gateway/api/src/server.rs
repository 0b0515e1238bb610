//! Connections: accepted, counted, bounded in time, and ended in order.
//!
//! hyper is driven directly, not through poem's server: that one has no deadline for a request's head and spins when
//! file descriptors run out.

use crate::http::{Http, Peer};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::Request;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

/// How long to wait when the system has no file descriptor for a new connection.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest head of a request, in bytes.
const MAX_HEAD: usize = 32 * 1024;

/// Places for connections, in all and per address.
struct Slots {
    all: Arc<Semaphore>,
    per_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
    max: usize,
    max_per_address: usize,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    _permit: OwnedSemaphorePermit,
    address: IpAddr,
    per_address: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Slots {
    fn take(&self, address: IpAddr) -> Option<Slot> {
        let permit = self.all.clone().try_acquire_owned().ok()?;
        let mut counts = self.per_address.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(address).or_insert(0);
        if *count >= self.max_per_address {
            return None;
        }
        *count += 1;
        Some(Slot { _permit: permit, address, per_address: self.per_address.clone() })
    }

    async fn all_free(&self) {
        let _closed = self.all.acquire_many(u32::try_from(self.max).unwrap_or(u32::MAX)).await;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.per_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Accepts until told to stop, then waits until all connections have ended, for a bounded time.
pub(crate) async fn serve(listener: TcpListener, http: Arc<Http>) {
    let limits = http.limits;
    let slots = Slots {
        all: Arc::new(Semaphore::new(limits.connections)),
        per_address: Arc::default(),
        max: limits.connections,
        max_per_address: limits.connections_per_address,
    };
    loop {
        let accepted = tokio::select! {
            biased;
            () = http.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                let address = remote.ip().to_canonical();
                match slots.take(address) {
                    Some(slot) => drop(tokio::spawn(connection(stream, slot, http.clone()))),
                    None => tracing::warn!(%address, "too many connections: a new one is closed"),
                }
            }
            Err(error) if is_of_one_connection(error.kind()) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted right now");
                sleep_until(Instant::now() + PAUSE).await;
            }
        }
    }
    drop(listener);
    if timeout(limits.stop, slots.all_free()).await.is_err() {
        tracing::warn!("requests still under way are cut off");
    }
    http.ended.cancel();
}

fn is_of_one_connection(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
}

async fn connection(stream: TcpStream, slot: Slot, http: Arc<Http>) {
    let Ok(local) = stream.local_addr() else { return };
    // An answer is one small segment; waiting to fill it would cost a tap 40 ms.
    let _slower = stream.set_nodelay(true);
    let address = slot.address;
    let peer = Arc::new(Peer { local, address, secure: false, _slot: slot });
    let (stop, ended, head) = (http.stop.clone(), http.ended.clone(), http.limits.head);
    let service = service_fn(move |request| {
        let (http, peer) = (http.clone(), peer.clone());
        async move {
            let remote = std::net::SocketAddr::new(peer.address, 0);
            let addresses = (LocalAddr(peer.local.into()), RemoteAddr(remote.into()));
            let request = Request::from((request, addresses.0, addresses.1, Scheme::HTTP));
            Ok::<hyper::Response<_>, Infallible>(http.respond(request, &peer).await.into())
        }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(serving);
    // How a connection ends is its client's business: nothing to tell anyone.
    tokio::select! {
        _ended = serving.as_mut() => return,
        () = stop.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ended = serving => {}
        () = ended.cancelled() => {}
    }
}
