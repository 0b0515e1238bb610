//! Connections: accepted, counted, bounded in time, and ended in order.
//!
//! hyper is driven directly, not through poem's server: that one has no deadline for a request's head and spins when
//! file descriptors run out.

use crate::http::{Http, Peer};
use futures_util::future::join_all;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use poem::Request;
use poem::http::uri::Scheme;
use poem::web::{LocalAddr, RemoteAddr};
use rustls::ServerConfig;
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A socket to accept connections on, bound by the caller.
#[derive(Debug)]
pub struct Listener {
    /// The socket.
    pub socket: TcpListener,
    /// What is served on it.
    pub serve: Serve,
}

/// What is served on a socket.
#[derive(Clone, Debug)]
pub enum Serve {
    /// Everything, unencrypted: for loopback, or behind a proxy that speaks TLS.
    Everything,
    /// Everything, over TLS. What the configuration hands out may be swapped at any time; connections that are open go on.
    EverythingOverTls(Arc<ServerConfig>),
    /// Unencrypted, and so nothing that counts: see [`Doorway`].
    Doorway(Doorway),
}

/// Where people arrive who type the gateway's name: a page that leads on to HTTPS, or explains how to trust it. Only that,
/// `/ca.crt`, `/healthz` and `/readyz` are answered; nothing that is sent is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doorway {
    /// The port on which everything is served over TLS, at the same addresses.
    pub https_port: u16,
}

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

/// Accepts on all listeners until told to stop, then waits until all connections have ended, for a bounded time.
pub(crate) async fn serve(listeners: Vec<Listener>, http: Arc<Http>) {
    let limits = http.limits;
    let slots = Slots {
        all: Arc::new(Semaphore::new(limits.connections)),
        per_address: Arc::default(),
        max: limits.connections,
        max_per_address: limits.connections_per_address,
    };
    join_all(listeners.into_iter().map(|listener| accept(listener, &slots, &http))).await;
    if timeout(limits.stop, slots.all_free()).await.is_err() {
        tracing::warn!("requests still under way are cut off");
    }
    http.ended.cancel();
}

async fn accept(listener: Listener, slots: &Slots, http: &Arc<Http>) {
    loop {
        let accepted = tokio::select! {
            biased;
            () = http.stop.cancelled() => return,
            accepted = listener.socket.accept() => accepted,
        };
        match accepted {
            Ok((stream, remote)) => {
                let address = remote.ip().to_canonical();
                match slots.take(address) {
                    Some(slot) => drop(tokio::spawn(connection(stream, slot, listener.serve.clone(), http.clone()))),
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
}

fn is_of_one_connection(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused)
}

async fn connection(stream: TcpStream, slot: Slot, serve: Serve, http: Arc<Http>) {
    let Ok(local) = stream.local_addr() else { return };
    // An answer is one small segment; waiting to fill it would cost a tap 40 ms.
    let _slower = stream.set_nodelay(true);
    let peer = |secure, doorway| Arc::new(Peer { local, address: slot.address, secure, doorway, _slot: slot });
    match serve {
        Serve::Everything => talk(stream, peer(false, None), http).await,
        Serve::Doorway(doorway) => talk(stream, peer(false, Some(doorway)), http).await,
        Serve::EverythingOverTls(config) => {
            if let Some(stream) = handshake(stream, config, &http).await {
                talk(stream, peer(true, None), http).await;
            }
        }
    }
}

/// In the connection's own task, so that a client that says nothing holds up nobody; none when there is nobody to talk to.
async fn handshake(stream: TcpStream, config: Arc<ServerConfig>, http: &Http) -> Option<TlsStream<TcpStream>> {
    let handshake = timeout(http.limits.handshake, TlsAcceptor::from(config).accept(stream));
    let done = tokio::select! {
        biased;
        () = http.stop.cancelled() => return None,
        done = handshake => done,
    };
    match done {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            // Every browser that does not trust us yet ends here: nothing to warn of.
            tracing::debug!(%error, "a TLS handshake failed");
            None
        }
        Err(_) => {
            tracing::debug!("a TLS handshake took too long");
            None
        }
    }
}

/// Answers requests until either side ends it.
async fn talk<S>(stream: S, peer: Arc<Peer>, http: Arc<Http>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let scheme = if peer.secure { Scheme::HTTPS } else { Scheme::HTTP };
    let (stop, ended, head) = (http.stop.clone(), http.ended.clone(), http.limits.head);
    let service = service_fn(move |request| {
        let (http, peer, scheme) = (http.clone(), peer.clone(), scheme.clone());
        async move {
            let remote = SocketAddr::new(peer.address, 0);
            let addresses = (LocalAddr(peer.local.into()), RemoteAddr(remote.into()));
            let request = Request::from((request, addresses.0, addresses.1, scheme));
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
