//! `[smtp]`: the server that sends the home's mail.

use crate::exit::Failure;
use gatehouse_core::mail::Address;
use gatehouse_mail::Encryption;
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;

pub(super) const KEYS: &[&str] = &["host", "port", "encryption", "user", "password_file", "from", "ca"];

/// The server that sends the home's mail. Its files are read when the daemon starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Smtp {
    /// Its name or address.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// How the connection is encrypted.
    pub(crate) encryption: Encryption,
    /// User name, and the file that holds the password.
    pub(crate) login: Option<(String, PathBuf)>,
    /// The address that mail comes from.
    pub(crate) from: Address,
    /// Authorities that vouch for it, PEM; none for those that the system knows.
    pub(crate) ca: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawSmtp {
    host: String,
    port: Option<i64>,
    encryption: Option<String>,
    user: String,
    password_file: PathBuf,
    from: String,
    ca: PathBuf,
}

impl RawSmtp {
    /// None without a host; then nothing else may be set, save what the defaults are.
    pub(super) fn check(self) -> Result<Option<Smtp>, Failure> {
        let bad = |message: String| Err(Failure::usage(format!("[smtp] {message}")));
        let encryption = match self.encryption.as_deref() {
            None | Some("tls") => Encryption::Tls,
            Some("starttls") => Encryption::StartTls,
            Some("none") => Encryption::None,
            Some(other) => {
                return bad(format!("encryption = {other:?} must be \"tls\", \"starttls\" or \"none\""));
            }
        };
        let port = match self.port {
            None => match encryption {
                Encryption::Tls => 465,
                Encryption::StartTls => 587,
                Encryption::None => 25,
            },
            Some(port) => match u16::try_from(port) {
                Ok(port) if port > 0 => port,
                _ => return bad(format!("port = {port} must be from 1 to 65535")),
            },
        };
        let empty = self.user.is_empty() && self.from.is_empty() && self.ca.as_os_str().is_empty();
        if self.host.is_empty() {
            if empty && self.password_file.as_os_str().is_empty() {
                return Ok(None);
            }
            return bad("host is missing: set it, such as \"smtp.example.org\", or take the other keys away".to_owned());
        }
        if self.host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@') {
            return bad(format!("host = {:?} must be a name or an address, without a port", self.host));
        }
        if encryption == Encryption::None && !is_this_machine(&self.host) {
            return bad(format!("encryption = \"none\" is for a server on this machine, not for {}", self.host));
        }
        let login = match (self.user.is_empty(), self.password_file.as_os_str().is_empty()) {
            (true, true) => None,
            (false, false) => Some((self.user, self.password_file)),
            _ => return bad("user and password_file go together: set both, or none".to_owned()),
        };
        let Ok(from) = Address::new(&self.from) else {
            return bad(format!(
                "from = {:?} must be an address that mail comes from, home@example.org say",
                self.from
            ));
        };
        let ca = Some(self.ca).filter(|ca| !ca.as_os_str().is_empty());
        Ok(Some(Smtp { host: self.host, port, encryption, login, from, ca }))
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> Result<Option<Smtp>, String> {
        let raw: RawSmtp = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        raw.check().map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn a_host_and_an_address_are_enough() {
        let smtp = from("host = \"smtp.example.org\"\nfrom = \"home@example.org\"").unwrap().unwrap();
        assert_eq!((smtp.port, smtp.encryption, smtp.login, smtp.ca), (465, Encryption::Tls, None, None));
        let text = "host = \"smtp.example.org\"\nfrom = \"home@example.org\"\nencryption = \"starttls\"\nuser = \"home\"\n\
                    password_file = \"/etc/gatehouse/smtp\"\nca = \"/etc/ca.pem\"";
        let smtp = from(text).unwrap().unwrap();
        assert_eq!((smtp.port, smtp.encryption), (587, Encryption::StartTls));
        assert_eq!(smtp.login, Some(("home".to_owned(), PathBuf::from("/etc/gatehouse/smtp"))));
        assert_eq!(smtp.ca, Some(PathBuf::from("/etc/ca.pem")));
        let text = "host = \"127.0.0.1\"\nfrom = \"home@example.org\"\nencryption = \"none\"\nport = 2525";
        assert_eq!(from(text).unwrap().unwrap().port, 2_525);
        assert_eq!(from(""), Ok(None));
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        let with = |lines: &str| from(&format!("host = \"smtp.example.org\"\nfrom = \"home@example.org\"\n{lines}"));
        for (refused, hint) in [
            (from("from = \"home@example.org\""), "host is missing"),
            (from("password_file = \"x\""), "host is missing"),
            (from("host = \"smtp.example.org\""), "from = \"\""),
            (from("host = \"smtp.example.org\"\nfrom = \"Home\""), "home@example.org say"),
            (from("host = \"smtp://example.org\"\nfrom = \"home@example.org\""), "without a port"),
            (with("encryption = \"ssl\""), "\"starttls\""),
            (with("encryption = \"none\""), "on this machine"),
            (with("port = 0"), "1 to 65535"),
            (with("port = 65536"), "1 to 65535"),
            (with("user = \"home\""), "go together"),
            (with("password_file = \"x\""), "go together"),
            (with("password = \"x\""), "unknown field `password`"),
        ] {
            let refused = refused.unwrap_err();
            assert!(refused.contains(hint), "{hint}: {refused}");
        }
    }
}
