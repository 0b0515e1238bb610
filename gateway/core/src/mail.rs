//! Mail that the home sends: one letter to one address, plain text.

use crate::name::Name;
use std::fmt;
use std::sync::Arc;

/// Longest address, in bytes (RFC 5321, 4.5.3.1.3, without the angle brackets).
const MAX_ADDRESS: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321, 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// An e-mail address as people have them: letters, digits and `!#$%&'*+-/=?^_{|}~.` before the `@`, a host name behind
/// it. No quoted, no literal and no international ones: neither SMTP server nor person is sure to cope with these.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Address(Arc<str>);

/// Why a text is no e-mail address that mail can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadAddress;

impl fmt::Display for BadAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("An e-mail address looks like ana@example.org.")
    }
}

impl std::error::Error for BadAddress {}

impl Address {
    /// The address, blanks around it taken away.
    pub fn new(text: &str) -> Result<Self, BadAddress> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(BadAddress)?;
        let word = |part: &str| !part.is_empty() && part.bytes().all(is_atext);
        let label = |part: &str| {
            (1..=63).contains(&part.len())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                && !part.starts_with('-')
                && !part.ends_with('-')
        };
        let good = text.len() <= MAX_ADDRESS
            && local.len() <= MAX_LOCAL
            && local.split('.').all(word)
            && domain.split('.').all(label);
        if good { Ok(Self(text.into())) } else { Err(BadAddress) }
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is behind the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Whether both reach the same person, as far as anyone but their mail server can tell: case does not count.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// RFC 5322, 3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// One mail.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// Random: it makes the mail known when it arrives twice.
    pub id: [u8; 16],
    /// The home's name, which the mail comes from.
    pub home: Name,
    /// Who gets it.
    pub to: Address,
    /// What it is about, on one line.
    pub subject: String,
    /// What it says, lines ended by `\n`.
    pub text: String,
}

/// Without its text, which may hold a one-time code, and without whom it is for.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("subject", &self.subject).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_mail_can_be_sent_to() {
        for good in ["ana@example.org", " a.b+c@x-1.example ", "o'neill@localhost", "a@b.c"] {
            assert_eq!(Address::new(good).unwrap().as_str(), good.trim());
        }
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("ana@{}", ["a".repeat(60).as_str(); 5].join("."));
        for bad in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "a b@example.org",
            "ana@example..org",
            ".ana@example.org",
            "ana@-x.org",
            "ana@[192.0.2.1]",
            "\"a\"@example.org",
            "ana@example.org\r\nBcc: ben@example.org",
            "ana@b@c",
            "änä@example.org",
            "ana@exämple.org",
            "<ana@example.org>",
            &long,
            &longer,
        ] {
            assert_eq!(Address::new(bad), Err(BadAddress), "{bad:?}");
        }
    }

    #[test]
    fn case_does_not_count() {
        let address = |text| Address::new(text).unwrap();
        assert!(address("Ana@Example.org").same_as(&address("ana@example.ORG")));
        assert!(!address("ana@example.org").same_as(&address("ana@example.com")));
        assert_eq!(address("ana@example.org").domain(), "example.org");
    }

    #[test]
    fn a_letter_is_logged_without_what_is_private_in_it() {
        let letter = Letter {
            id: [0; 16],
            home: Name::new("Mill House").unwrap(),
            to: Address::new("ana@example.org").unwrap(),
            subject: "Your link".to_owned(),
            text: "https://gatehouse.local/join#secret".to_owned(),
        };
        let shown = format!("{letter:?}");
        assert!(shown.contains("Your link") && !shown.contains("secret") && !shown.contains("ana@"), "{shown}");
    }
}
