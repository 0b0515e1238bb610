//! Keys: whoever has one opens what was encrypted to it.

use crate::error::BadKey;
use age::secrecy::ExposeSecret;
use age::x25519;
use std::fmt;
use std::str::FromStr;

/// The secret half: on the recovery sheet, or in a file of the gateway's own.
#[derive(Clone)]
pub struct Key(pub(crate) x25519::Identity);

/// The public half, to which backups are encrypted: `age1` and 58 more characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(pub(crate) x25519::Recipient);

impl Key {
    /// Draws a new one.
    pub fn draw() -> Self {
        Self(x25519::Identity::generate())
    }

    /// From what a person typed or scanned: upper or lower case, with white space around or in it.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        let text: String = text.split_whitespace().collect::<String>().to_uppercase();
        x25519::Identity::from_str(&text).map(Self).map_err(|_| BadKey)
    }

    /// As it is shown to a person: `AGE-SECRET-KEY-1` and 58 more characters.
    pub fn reveal(&self) -> String {
        self.0.to_string().expose_secret().to_owned()
    }

    /// Its public half.
    pub fn recipient(&self) -> Recipient {
        Recipient(self.0.to_public())
    }
}

// Not derived: it is a secret.
impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl Recipient {
    /// From its text.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        x25519::Recipient::from_str(text).map(Self).map_err(|_| BadKey)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.0)
    }
}
