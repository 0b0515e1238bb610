//! The sockets, bound before anything runs: a port in use ends the start at once.

use crate::config::Config;
use crate::own_address;
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
    /// Each with its key in the configuration.
    pub(crate) fn all(&self) -> Vec<(String, SocketAddr)> {
        let Self { http, https, mqtt, mqtts } = *self;
        let all = [
            ("[http] listen", http),
            ("[http] tls_listen", https),
            ("[mqtt] listen", mqtt),
            ("[mqtt] tls_listen", mqtts),
        ];
        all.into_iter().filter_map(|(key, address)| Some((key.to_owned(), address?))).collect()
    }

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
        let address = reachable(address);
        match (scheme, address.port()) {
            ("https", 443) | ("http", 80) => Some(format!("{scheme}://{}/{page}", bracketed(address.ip()))),
            _ => Some(format!("{scheme}://{address}/{page}")),
        }
    }
}

/// As it stands in a link.
fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

/// An address that a phone in the home's network can open, or this machine where it is in none: nobody can connect to "any address".
fn reachable(address: SocketAddr) -> SocketAddr {
    let own = || own_address::in_network().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let ip = if address.ip().is_unspecified() { own() } else { address.ip() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_over_tls_where_it_can_and_tells_a_port_where_it_is_unusual() {
        let link = |http: Option<&str>, https: Option<&str>| {
            let address = |text: Option<&str>| text.map(|text| text.parse().unwrap());
            Addresses { http: address(http), https: address(https), mqtt: None, mqtts: None }.claim_link("K7QF")
        };
        let told = |http, https| link(http, https).unwrap();
        assert_eq!(told(Some("192.168.1.20:80"), Some("192.168.1.20:443")), "https://192.168.1.20/claim#K7QF");
        assert_eq!(told(Some("192.168.1.20:80"), None), "http://192.168.1.20/claim#K7QF");
        assert_eq!(told(None, Some("[fd00::2]:443")), "https://[fd00::2]/claim#K7QF");
        assert_eq!(told(None, Some("[fd00::2]:8443")), "https://[fd00::2]:8443/claim#K7QF");
        assert_eq!(told(Some("127.0.0.1:443"), None), "http://127.0.0.1:443/claim#K7QF");
        assert_eq!(link(None, None), None);
    }
}
