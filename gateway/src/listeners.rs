//! The sockets, bound before anything runs: a port in use ends the start at once.

use crate::config::Config;
use anyhow::Context;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use tokio::net::TcpListener;

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
        let (scheme, address) = match (self.https, self.http) {
            (Some(https), _) => ("https", https),
            (None, Some(http)) => ("http", http),
            (None, None) => return None,
        };
        Some(format!("{scheme}://{}/claim#{code}", reachable(address)))
    }
}

/// An address that a browser on this machine can open: nobody can connect to "any address".
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

impl Listeners {
    pub(crate) async fn bind(config: &Config) -> anyhow::Result<Self> {
        Ok(Self {
            http: bind("[http] listen", config.http).await?,
            https: bind("[http] tls_listen", config.https).await?,
            mqtt: bind("[mqtt] listen", config.mqtt).await?,
            mqtts: bind("[mqtt] tls_listen", config.mqtts).await?,
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

async fn bind(key: &str, address: Option<SocketAddr>) -> anyhow::Result<Option<Bound>> {
    let Some(address) = address else { return Ok(None) };
    let socket = TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}: stop the program that uses it, or set {key} to another address")
    })?;
    let address = socket.local_addr().with_context(|| format!("cannot read back the address of {key}"))?;
    Ok(Some(Bound { socket, address }))
}
