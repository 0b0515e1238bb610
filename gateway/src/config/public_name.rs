//! The name people use from outside. It stands in links in mails, so nothing else may be in it.

use crate::exit::Failure;
use std::net::Ipv6Addr;

/// A host name or an address, with its port where that is not the usual one; none when nothing is configured.
pub(super) fn check(text: String) -> Result<Option<String>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let host = without_port(&text);
    let port = text[host.len()..].strip_prefix(':');
    let good_port = port.map_or(text.len() == host.len(), |port| port.parse::<u16>().is_ok_and(|port| port != 0));
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let good_host = match address {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-')),
    };
    if good_port && good_host {
        return Ok(Some(text));
    }
    Err(Failure::usage(format!(
        "[http] public_name = {text:?} must be a name or an address, with a port where that is an unusual one: \
         \"home.example\" or \"home.example:8443\""
    )))
}

/// What is before the port, when there is one.
fn without_port(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((host, _)) if !host.contains(':') || host.ends_with(']') => host,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_name_is_a_name_with_or_without_a_port() {
        for (good, host) in [
            ("home.example", "home.example"),
            ("home.example:8443", "home.example"),
            ("203.0.113.7:8443", "203.0.113.7"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("[2001:db8::1]:8443", "[2001:db8::1]"),
        ] {
            assert_eq!(check(good.to_owned()).ok(), Some(Some(good.to_owned())), "{good}");
            assert_eq!(without_port(good), host);
        }
        assert_eq!(check(String::new()).ok(), Some(None));
        for bad in [
            "https://home.example",
            "home.example/",
            "home.example:",
            "home.example:0",
            "home.example:65536",
            "home.example:x",
            ":8443",
            "2001:db8::1",
            "[home]",
            "home.example#x",
            "home example",
            "ana@home.example",
        ] {
            assert!(check(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
