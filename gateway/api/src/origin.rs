//! Whether a request is meant for us, and whether the page that sends it is ours. A name that an attacker points at this
//! machine (DNS rebinding) ends here, and so does a foreign page that would use a visitor's cookie.

use poem::http::{HeaderMap, Uri, header};
use std::net::{IpAddr, SocketAddr};

/// Names this gateway goes by, beside its addresses.
const OWN_NAMES: [&str; 2] = ["localhost", "gatehouse.local"];

/// Names and pages that are ours or let in.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    public_hosts: Vec<String>,
    allowed: Vec<String>,
}

/// The page a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// No browser's page: a program.
    None,
    /// Ours.
    Own,
    /// Another's, let in by configuration; with a token, never with a cookie.
    Allowed,
    /// Another's.
    Foreign,
}

/// A host without its port, in lower case, brackets and final dot off.
pub(crate) fn host_name(host: &str) -> String {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

impl Origins {
    pub(crate) fn new(public_hosts: &[String], allowed: &[String]) -> Self {
        let lower = |text: &String| text.trim_end_matches('/').to_ascii_lowercase();
        Self {
            public_hosts: public_hosts.iter().map(|host| host_name(host)).collect(),
            allowed: allowed.iter().map(lower).collect(),
        }
    }

    /// The host a request is for, as it was written, if it is ours.
    pub(crate) fn own_host<'a>(&self, headers: &'a HeaderMap, uri: &'a Uri, local: SocketAddr) -> Option<&'a str> {
        let mut hosts = headers.get_all(header::HOST).iter();
        let named = hosts.next().and_then(|host| host.to_str().ok());
        if hosts.next().is_some() {
            return None;
        }
        let host = uri.authority().map(|authority| authority.as_str()).or(named)?;
        let name = host_name(host);
        let own = match name.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                address.is_loopback() || address == local.ip().to_canonical() || self.public_hosts.contains(&name)
            }
            Err(_) => {
                OWN_NAMES.contains(&name.as_str()) || name.ends_with(".localhost") || self.public_hosts.contains(&name)
            }
        };
        own.then_some(host)
    }

    /// The page a request comes from. On an encrypted connection our own pages are encrypted too; on a plain one they
    /// may be, by a proxy in front of us.
    pub(crate) fn page(&self, headers: &HeaderMap, own_host: &str, secure: bool) -> Page {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return Page::None };
        let Ok(origin) = origin.to_str().map(str::to_ascii_lowercase) else { return Page::Foreign };
        if origins.next().is_some() {
            return Page::Foreign;
        }
        let host = match origin.strip_prefix("http://") {
            Some(host) if !secure => Some(host),
            _ => origin.strip_prefix("https://"),
        };
        if host.is_some_and(|host| host.eq_ignore_ascii_case(own_host)) {
            Page::Own
        } else if self.allowed.contains(&origin) {
            Page::Allowed
        } else {
            Page::Foreign
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_our_own_names_and_addresses_are_ours() {
        let origins = Origins::new(&["home.example".to_owned(), "203.0.113.7:80".to_owned()], &[]);
        let local: SocketAddr = "192.168.1.5:80".parse().unwrap();
        let is_own =
            |host: &str| origins.own_host(&headers(&[(header::HOST, host)]), &Uri::from_static("/"), local).is_some();
        for own in [
            "localhost",
            "localhost:8080",
            "LOCALHOST.",
            "127.0.0.1:1",
            "127.9.9.9",
            "[::1]:80",
            "[::1]",
            "192.168.1.5",
            "192.168.1.5:80",
            "gatehouse.local",
            "Gatehouse.Local:80",
            "home.example",
            "home.example:444",
            "203.0.113.7",
        ] {
            assert!(is_own(own), "{own}");
        }
        for foreign in [
            "evil.example",
            "192.168.1.6",
            "localhost.evil.example",
            "home.example.evil",
            "gatehouse.local.evil",
            "",
            "127.0.0.1.evil.example",
            "evil.example:127",
            "[::2]",
            "0.0.0.0",
        ] {
            assert!(!is_own(foreign), "{foreign}");
        }
        let none = headers(&[]);
        assert!(origins.own_host(&none, &Uri::from_static("/"), local).is_none());
        let two = headers(&[(header::HOST, "localhost"), (header::HOST, "evil.example")]);
        assert!(origins.own_host(&two, &Uri::from_static("/"), local).is_none());
        let own = headers(&[(header::HOST, "localhost")]);
        assert!(origins.own_host(&own, &Uri::from_static("http://evil.example/"), local).is_none());
    }

    #[test]
    fn a_page_is_ours_only_with_our_scheme_host_and_port() {
        let origins = Origins::new(&[], &["https://panel.example".to_owned()]);
        let page = |origin: &str, secure| origins.page(&headers(&[(header::ORIGIN, origin)]), "localhost:8080", secure);
        assert_eq!(origins.page(&headers(&[]), "localhost:8080", false), Page::None);
        assert_eq!(page("http://localhost:8080", false), Page::Own);
        assert_eq!(page("https://localhost:8080", false), Page::Own);
        assert_eq!(page("https://localhost:8080", true), Page::Own);
        assert_eq!(page("http://localhost:8080", true), Page::Foreign);
        assert_eq!(page("https://panel.example", false), Page::Allowed);
        for foreign in
            ["null", "http://localhost", "http://localhost:8081", "http://panel.example", "localhost:8080", ""]
        {
            assert_eq!(page(foreign, false), Page::Foreign, "{foreign:?}");
        }
    }
}
