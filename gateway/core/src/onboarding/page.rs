//! Where a board of another firmware says that its own page is.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4, SocketAddrV6};

/// A board's own page, as a person may be led there.
///
/// Whoever is plugged in says it, so little of it is taken: `http` or `https`, an address of a private network (RFC 1918, RFC 4193) as
/// such and not by a name, and a port. What comes after it is left out: it could ask something of another machine in the house.
///
/// ```
/// use gatehouse_core::onboarding::BoardPage;
///
/// let page = |text| BoardPage::new(text).map(|page| page.to_string());
/// assert_eq!(page("http://192.168.1.20:80/set?on=1").as_deref(), Some("http://192.168.1.20:80/"));
/// assert_eq!(page("https://my.example/redirect"), None);
/// assert_eq!(page("javascript:alert(1)"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoardPage {
    secure: bool,
    host: Host,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
}

impl BoardPage {
    /// Takes what a board said; none when a person is not to be led there.
    pub fn new(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let secure = match scheme {
            _ if scheme.eq_ignore_ascii_case("https") => true,
            _ if scheme.eq_ignore_ascii_case("http") => false,
            _ => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let (host, port) = parse(authority)?;
        let private = match host {
            Host::V4(ip) => ip.is_private(),
            Host::V6(ip) => ip.is_unique_local(),
        };
        (private && port != Some(0)).then_some(Self { secure, host, port })
    }
}

fn parse(authority: &str) -> Option<(Host, Option<u16>)> {
    if let Some(ip) = authority.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return ip.parse().ok().map(|ip| (Host::V6(ip), None));
    }
    if let Ok(ip) = authority.parse() {
        return Some((Host::V4(ip), None));
    }
    if let Ok(at) = authority.parse::<SocketAddrV4>() {
        return Some((Host::V4(*at.ip()), Some(at.port())));
    }
    let at: SocketAddrV6 = authority.parse().ok()?;
    (at.scope_id() == 0).then(|| (Host::V6(*at.ip()), Some(at.port())))
}

impl fmt::Display for BoardPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.secure { "https://" } else { "http://" })?;
        match self.host {
            Host::V4(ip) => write!(f, "{ip}")?,
            Host::V6(ip) => write!(f, "[{ip}]")?,
        }
        match self.port {
            Some(port) => write!(f, ":{port}/"),
            None => f.write_str("/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_out_of_the_house_or_to_more_than_a_page() {
        let page = |text: &str| BoardPage::new(text).map(|page| page.to_string());
        for (said, taken) in [
            ("http://192.168.1.20", "http://192.168.1.20/"),
            ("HTTP://10.0.0.7:8080", "http://10.0.0.7:8080/"),
            ("https://172.16.4.1/index.html", "https://172.16.4.1/"),
            ("http://192.168.1.1?reboot=1#x", "http://192.168.1.1/"),
            ("http://[fd00::1]/x", "http://[fd00::1]/"),
            ("http://[fd00::1]:81", "http://[fd00::1]:81/"),
        ] {
            assert_eq!(page(said).as_deref(), Some(taken), "{said}");
        }
        for said in [
            "",
            "192.168.1.20",
            "http://",
            "http:///x",
            "ftp://192.168.1.20",
            "javascript://192.168.1.20/%0aalert(1)",
            "data:text/html,http://192.168.1.20",
            " http://192.168.1.20",
            "http://192.168.1.20 ",
            "http://8.8.8.8",
            "http://127.0.0.1",
            "http://0.0.0.0",
            "http://169.254.1.1",
            "http://localhost",
            "http://board.local",
            "http://192.168.1.20.example.com",
            "http://192.168.1.20@example.com",
            "http://user:word@192.168.1.20",
            "http://192.168.1.20\\@example.com",
            "http://192.168.1.20:",
            "http://192.168.1.20:0",
            "http://192.168.1.20:99999",
            "http://192.168.1",
            "http://0300.0250.1.20",
            "http://3232235796",
            "http://[2001:db8::1]",
            "http://[::1]",
            "http://[fe80::1]",
            "http://[fe80::1%25eth0]",
            "http://[fd00::1%1]:80",
            "http://[::ffff:192.168.1.20]",
            "http://fd00::1",
            "https://my.home-assistant.io/redirect/config_flow_start?domain=esphome",
        ] {
            assert_eq!(page(said), None, "{said}");
        }
    }
}
