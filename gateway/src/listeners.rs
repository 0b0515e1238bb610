//! The sockets, bound before anything runs: a port in use ends the start at once.

use crate::config::Config;
use anyhow::Context;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted: those of a whole house whose power is back. A client that finds no place tries
/// again only after a second, and the usual 128 are few.
const WAITING: u32 = 1_024;

/// A bound socket and where it is: the port, where any free one was asked for.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) socket: TcpListener,
    pub(crate) address: SocketAddr,
}

/// All sockets; none where none is configured.
#[derive(Debug)]
pub(crate) struct Listeners {
    pub(crate) http: Option<Bound>,
    pub(crate) https: Option<Bound>,
    pub(crate) mqtt: Option<Bound>,
    pub(crate) mqtts: Option<Bound>,
}

/// Where everything listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) http: Option<SocketAddr>,
    pub(crate) https: Option<SocketAddr>,
    pub(crate) mqtt: Option<SocketAddr>,
    pub(crate) mqtts: Option<SocketAddr>,
}

impl Addresses {
    /// The link that opens the claim page with the code filled in, best over TLS; none without a listener for people. The
    /// code stands behind `#`, so no server sees or logs it.
    pub(crate) fn claim_link(&self, code: &str) -> Option<String> {
        self.link(&format!("claim#{code}"))
    }

    /// The link to a page of the dashboard, best over TLS; none without a listener for people.
    pub(crate) fn link(&self, page: &str) -> Option<String> {
        let (scheme, address) = match (self.https, self.http) {
            (Some(https), _) => ("https", https),
            (None, Some(http)) => ("http", http),
            (None, None) => return None,
        };
        Some(format!("{scheme}://{}/{page}", reachable(address)))
    }
}

/// An address that a browser on this machine can open: nobody can connect to "any address".
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

impl Listeners {
    pub(crate) fn bind(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            http: bind("[http] listen", config.http)?,
            https: bind("[http] tls_listen", config.https)?,
            mqtt: bind("[mqtt] listen", config.mqtt)?,
            mqtts: bind("[mqtt] tls_listen", config.mqtts)?,
        })
    }

    pub(crate) fn addresses(&self) -> Addresses {
        let address = |bound: &Option<Bound>| bound.as_ref().map(|bound| bound.address);
        Addresses {
            http: address(&self.http),
            https: address(&self.https),
            mqtt: address(&self.mqtt),
            mqtts: address(&self.mqtts),
        }
    }
}

fn bind(key: &str, address: Option<SocketAddr>) -> anyhow::Result<Option<Bound>> {
    let Some(address) = address else { return Ok(None) };
    let socket = listen(address).with_context(|| {
        format!("cannot listen on {address}: stop the program that uses it, or set {key} to another address")
    })?;
    let address = socket.local_addr().with_context(|| format!("cannot read back the address of {key}"))?;
    Ok(Some(Bound { socket, address }))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port whose last connections have just ended is free.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(WAITING)
}
