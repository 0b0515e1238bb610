//! `[oidc]`: a provider by whose word people may sign in.

use crate::exit::Failure;
use gatehouse_core::name::Name;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

pub(super) const KEYS: &[&str] = &["issuer", "client_id", "client_secret_file", "name", "ca_file"];

/// A provider by whose word people may sign in. Its files are read when the daemon starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Oidc {
    /// Its issuer, a URL.
    pub(crate) issuer: String,
    /// Who this gateway is to it.
    pub(crate) client_id: String,
    /// The file that holds the secret by which it knows this gateway.
    pub(crate) client_secret_file: PathBuf,
    /// What people call it.
    pub(crate) name: Name,
    /// Authorities that vouch for it, PEM; none for those that the system knows.
    pub(crate) ca_file: Option<PathBuf>,
    /// Where it sends people back to, as a web origin: `https://home.example.org`.
    pub(crate) origin: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawOidc {
    issuer: String,
    client_id: String,
    client_secret_file: PathBuf,
    name: String,
    ca_file: PathBuf,
}

impl RawOidc {
    /// None without an issuer; then nothing else may be set. `public_name` and `plain` are those of `[http]`.
    pub(super) fn check(self, public_name: Option<&str>, plain: bool) -> Result<Option<Oidc>, Failure> {
        let bad = |message: String| Err(Failure::usage(format!("[oidc] {message}")));
        let Self { issuer, client_id, client_secret_file, name, ca_file } = self;
        let files = [&client_secret_file, &ca_file].iter().all(|file| file.as_os_str().is_empty());
        if issuer.is_empty() {
            if files && client_id.is_empty() && name.is_empty() {
                return Ok(None);
            }
            return bad("issuer is missing: set it, such as \"https://accounts.google.com\", or take the other keys \
                        away"
                .to_owned());
        }
        if !is_issuer(&issuer) {
            return bad(format!(
                "issuer = {issuer:?} must be a URL that begins with https://, without ? and #; http:// is for a provider \
                 on this machine"
            ));
        }
        if client_id.is_empty() || client_secret_file.as_os_str().is_empty() {
            return bad("client_id and client_secret_file are what the provider gave you: set both".to_owned());
        }
        let Ok(name) = Name::new(&name) else {
            return bad(format!("name = {name:?} must be what people call the provider, \"Google\" say"));
        };
        let Some(origin) = public_name.map(|public| origin(public, plain)) else {
            return bad(
                "needs [http] public_name, the name by which the provider sends people back: home.example.org say"
                    .to_owned(),
            );
        };
        let Some(origin) = origin else {
            return bad("needs [http] public_name to be a name, and a port behind it where it is not 443".to_owned());
        };
        let ca_file = Some(ca_file).filter(|file| !file.as_os_str().is_empty());
        Ok(Some(Oidc { issuer, client_id, client_secret_file, name, ca_file, origin }))
    }
}

fn is_issuer(issuer: &str) -> bool {
    let (secure, rest) = match (issuer.strip_prefix("https://"), issuer.strip_prefix("http://")) {
        (Some(rest), _) => (true, rest),
        (None, Some(rest)) => (false, rest),
        (None, None) => return false,
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '@');
    !authority.is_empty() && !rest.contains(odd) && (secure || is_this_machine(&host(authority)))
}

/// The web origin that people reach this gateway by; none when the name cannot be part of one. It is plain only for tests and
/// for who tries it out: with `[http] plain`, and where the name is this very machine.
fn origin(public_name: &str, plain: bool) -> Option<String> {
    let name = public_name.to_ascii_lowercase();
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || "-.:[]".contains(c)) {
        return None;
    }
    let secure = !(plain && is_this_machine(&host(&name)));
    let (scheme, usual) = if secure { ("https", ":443") } else { ("http", ":80") };
    Some(format!("{scheme}://{}", name.strip_suffix(usual).unwrap_or(&name)))
}

/// Without port and brackets.
pub(crate) fn host(authority: &str) -> String {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or(rest, |(host, _)| host),
        // More colons than one: an IPv6 address, as people write it.
        None if authority.matches(':').count() > 1 => authority,
        None => authority.split_once(':').map_or(authority, |(host, _)| host),
    };
    host.to_owned()
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &str = "issuer = \"https://accounts.google.com\"\nclient_id = \"x.apps\"\nclient_secret_file = \"/etc/s\"\n\
                       name = \"Google\"\n";

    fn from(text: &str, public_name: Option<&str>, plain: bool) -> Result<Option<Oidc>, String> {
        let raw: RawOidc = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        raw.check(public_name, plain).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn what_a_provider_gives_and_a_public_name_are_enough() {
        assert_eq!(from("", None, false), Ok(None));
        let oidc = from(ALL, Some("home.example.org"), false).unwrap().unwrap();
        assert_eq!((oidc.issuer.as_str(), oidc.client_id.as_str()), ("https://accounts.google.com", "x.apps"));
        assert_eq!((oidc.name.as_str(), oidc.ca_file), ("Google", None));
        let oidc = from(&format!("{ALL}ca_file = \"/etc/ca.pem\""), Some("home.example.org"), false).unwrap().unwrap();
        assert_eq!(oidc.ca_file, Some(PathBuf::from("/etc/ca.pem")));
    }

    #[test]
    fn people_come_back_over_tls_unless_it_is_this_very_machine() {
        for (public_name, plain, origin) in [
            ("Home.example.org", false, "https://home.example.org"),
            ("home.example.org", true, "https://home.example.org"),
            ("home.example.org:8443", false, "https://home.example.org:8443"),
            ("home.example.org:443", false, "https://home.example.org"),
            ("localhost:8080", false, "https://localhost:8080"),
            ("localhost:8080", true, "http://localhost:8080"),
            ("127.0.0.1:80", true, "http://127.0.0.1"),
            ("[::1]:8080", true, "http://[::1]:8080"),
        ] {
            let oidc = from(ALL, Some(public_name), plain).unwrap().unwrap();
            assert_eq!(oidc.origin, origin, "{public_name} {plain}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        let with = |key: &str, value: &str| {
            let lines = ALL.lines().filter(|line| !line.starts_with(&format!("{key} =")));
            let lines = lines.chain([value]).collect::<Vec<_>>().join("\n");
            from(&lines, Some("home.example.org"), false)
        };
        for (refused, hint) in [
            (from("name = \"Google\"", Some("a"), false), "issuer is missing"),
            (from("ca_file = \"x\"", Some("a"), false), "issuer is missing"),
            (with("issuer", "issuer = \"accounts.google.com\""), "https://"),
            (with("issuer", "issuer = \"http://accounts.google.com\""), "on this machine"),
            (with("issuer", "issuer = \"https://\""), "must be a URL"),
            (with("issuer", "issuer = \"https://a.example/?x\""), "without ?"),
            (with("issuer", "issuer = \"https://user@a.example\""), "must be a URL"),
            (with("client_id", ""), "set both"),
            (with("client_secret_file", ""), "set both"),
            (with("name", ""), "people call the provider"),
            (with("client_secret", "client_secret = \"x\""), "unknown field `client_secret`"),
            (from(ALL, None, false), "[http] public_name"),
            (from(ALL, Some("https://home.example.org"), false), "to be a name"),
        ] {
            let refused = refused.unwrap_err();
            assert!(refused.contains(hint), "{hint}: {refused}");
        }
        let local = with("issuer", "issuer = \"http://[::1]:9000/realm\"").unwrap().unwrap();
        assert_eq!(local.issuer, "http://[::1]:9000/realm");
    }
}
