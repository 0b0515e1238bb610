//! Links in mails: where whoever gets one finds this gateway.

use crate::origin::host_name;
use std::net::{IpAddr, SocketAddr};

/// Where people find this gateway: by its public name where it has one, else as whoever asks for the mail came here. `host` is
/// ours already, but not its port, and not for whom it is meant: a stranger who asks for somebody else's mail must not lead
/// them to another program, nor to a name that means their own machine.
pub(crate) fn base(public_name: Option<&str>, host: &str, secure: bool, local: SocketAddr, remote: IpAddr) -> String {
    let scheme = if secure { "https" } else { "http" };
    if let Some(name) = public_name {
        return format!("{scheme}://{name}");
    }
    // A proxy on this machine, or somebody who is here: any port may lead here.
    if remote.to_canonical().is_loopback() {
        return format!("{scheme}://{host}");
    }
    let name = host_name(host);
    let is_localhost = name == "localhost" || name.ends_with(".localhost");
    let address = match name.parse::<IpAddr>() {
        Ok(address) if !address.to_canonical().is_loopback() => Some(address),
        Ok(_) => Some(local.ip()),
        Err(_) => is_localhost.then_some(local.ip()),
    };
    let name = match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V6(address)) => format!("[{address}]"),
        Some(IpAddr::V4(address)) => address.to_string(),
        None => name,
    };
    let usual = if secure { 443 } else { 80 };
    let port = if local.port() == usual { String::new() } else { format!(":{}", local.port()) };
    format!("{scheme}://{name}{port}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_this_gateway_and_to_nothing_else() {
        for (public, host, secure, local, remote, link) in [
            (Some("home.example"), "192.168.1.5:8443", true, "192.168.1.5:8443", "192.168.1.9", "https://home.example"),
            (Some("home.example:8443"), "x", true, "192.168.1.5:443", "192.168.1.9", "https://home.example:8443"),
            (None, "Gatehouse.Local", true, "192.168.1.5:443", "192.168.1.9", "https://gatehouse.local"),
            (None, "192.168.1.5:8443", true, "192.168.1.5:8443", "192.168.1.9", "https://192.168.1.5:8443"),
            (None, "[fd00::5]", true, "[fd00::5]:443", "fd00::9", "https://[fd00::5]"),
            (None, "gatehouse.local:9999", true, "192.168.1.5:443", "192.168.1.9", "https://gatehouse.local"),
            (None, "127.0.0.1:9999", true, "192.168.1.5:443", "192.168.1.9", "https://192.168.1.5"),
            (None, "x.localhost", false, "[::ffff:192.168.1.5]:80", "::ffff:192.168.1.9", "http://192.168.1.5"),
            (None, "[::1]:1", true, "[fd00::5]:8443", "fd00::9", "https://[fd00::5]:8443"),
            (None, "home.example", true, "127.0.0.1:8080", "127.0.0.1", "https://home.example"),
            (None, "localhost:8080", false, "[::1]:8080", "::1", "http://localhost:8080"),
        ] {
            let (local, remote) = (local.parse().unwrap(), remote.parse().unwrap());
            assert_eq!(base(public, host, secure, local, remote), link, "{public:?} {host} {remote}");
        }
    }
}
