use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256 of a certificate's DER, as browsers and operating systems show it. Shown in sixteen groups of four upper-case
/// hexadecimal digits, for people to compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    pub(crate) fn of(der: &[u8]) -> Self {
        Self(Sha256::digest(der).into())
    }

    /// Its 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.0.chunks(2).enumerate() {
            let space = if index == 0 { "" } else { " " };
            write!(f, "{space}{:02X}{:02X}", pair[0], pair[1])?;
        }
        Ok(())
    }
}
