//! Identities: who someone is to a provider that vouches for people (OpenID Connect). An identity opens nothing by itself,
//! but only where a person of this home has linked it.

use crate::ids::{IdentityId, MemberId};
use crate::time::Wall;
use std::fmt;
use std::sync::Arc;

/// Longest issuer, in bytes.
const MAX_ISSUER: usize = 512;
/// Longest subject, in bytes (OpenID Connect Core 1.0, 2).
const MAX_SUBJECT: usize = 255;
/// Identities that one person may have, each of another provider.
pub const MAX_IDENTITIES: usize = 4;

/// Who someone is to a provider: its issuer, and their subject there, which never becomes somebody else's. Nothing else that
/// a provider tells of people counts, their e-mail address least of all.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    issuer: Arc<str>,
    subject: Arc<str>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Identity(…)")
    }
}

impl Identity {
    /// None when a part is missing, too long or cannot be shown.
    pub fn new(issuer: &str, subject: &str) -> Option<Self> {
        let fits = |text: &str, most| (1..=most).contains(&text.len()) && !text.chars().any(char::is_control);
        let good = fits(issuer, MAX_ISSUER) && fits(subject, MAX_SUBJECT);
        good.then(|| Self { issuer: issuer.into(), subject: subject.into() })
    }

    /// The provider, as a URL: the same text for good.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Who they are there.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The provider's host, for people.
    pub fn provider(&self) -> &str {
        let rest = self.issuer.split_once("://").map_or(&*self.issuer, |(_, rest)| rest);
        rest.split_once('/').map_or(rest, |(host, _)| host)
    }
}

/// An identity by which a person signs in, as kept on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedIdentity {
    /// Its id for good.
    pub id: IdentityId,
    /// Whose.
    pub member: MemberId,
    /// Who they are to the provider.
    pub identity: Identity,
    /// When it was linked; none while the clock was not trusted.
    pub linked_at: Option<Wall>,
}

/// How someone who comes by an invitation will sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By a password, of which this is the argon2id hash in PHC form.
    Password(Arc<str>),
    /// By a provider. They have no password until they choose one.
    Identity(Identity),
}

/// What is drawn for one trip to a provider and back: 64 hexadecimal digits each.
#[derive(Clone, PartialEq, Eq)]
pub struct Trip {
    /// Comes back with the person: they are the one who left.
    pub state: String,
    /// Comes back in what the provider signs: it was said for this trip.
    pub nonce: String,
    /// Only who holds it can trade in what the person brings back (PKCE).
    pub verifier: String,
}

impl fmt::Debug for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trip(…)")
    }
}

/// Why a provider vouched for nobody. The log says more, people are told no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotVouched {
    /// It does not answer, or not as a provider does: that may pass.
    Unreachable,
    /// It vouches for nobody, or what it says is not to be believed.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_has_an_issuer_and_a_subject_of_bounded_length() {
        let identity = Identity::new("https://accounts.example.org/home", "1234").unwrap();
        assert_eq!((identity.provider(), identity.subject()), ("accounts.example.org", "1234"));
        assert_eq!(Identity::new("http://127.0.0.1:9", "x").unwrap().provider(), "127.0.0.1:9");
        for (issuer, subject) in
            [("", "x"), ("https://a", ""), ("https://a", &*"x".repeat(256)), (&*"x".repeat(513), "x"), ("a", "x\ny")]
        {
            assert_eq!(Identity::new(issuer, subject), None, "{issuer:?} {subject:?}");
        }
        assert!(Identity::new("https://a", &"x".repeat(255)).is_some());
    }

    #[test]
    fn nothing_of_it_is_in_a_log() {
        let trip = Trip { state: "secret".into(), nonce: "secret".into(), verifier: "secret".into() };
        let identity = Identity::new("https://secret", "secret").unwrap();
        assert!(!format!("{trip:?} {identity:?}").contains("secret"));
    }
}
