//! The code that makes someone the owner.

use crate::code::{LETTERS, letters};
use crate::time::Mono;
use std::sync::Arc;
use std::time::Duration;

/// The one-time code that makes someone the owner of a new home.
#[derive(Clone, PartialEq, Eq)]
pub struct ClaimCode {
    code: Arc<str>,
    expires: Mono,
}

impl std::fmt::Debug for ClaimCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClaimCode(…)")
    }
}

/// How long a claim code is good for.
pub const CLAIM_CODE_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

impl ClaimCode {
    /// A code of twelve letters, 60 bits, from random bytes.
    pub fn new(random: [u8; 12], now: Mono) -> Self {
        let mut code = String::with_capacity(14);
        for (i, byte) in random.iter().enumerate() {
            if i > 0 && i % 4 == 0 {
                code.push('-');
            }
            code.push(char::from(LETTERS[usize::from(byte % 32)]));
        }
        Self { code: code.into(), expires: now.plus(CLAIM_CODE_LIFE) }
    }

    /// As shown to people.
    pub fn as_str(&self) -> &str {
        &self.code
    }

    /// Whether it can still be used.
    pub fn is_live(&self, now: Mono) -> bool {
        now < self.expires
    }

    /// Whether `typed` is this code; dashes, blanks, case and look-alike letters do not count. Takes the same
    /// time for every wrong code of the right length.
    pub fn matches(&self, typed: &str) -> bool {
        let difference = letters(typed).zip(letters(&self.code)).fold(0, |sum, (a, b)| sum | (a ^ b));
        difference == 0 && letters(typed).count() == letters(&self.code).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Mono {
        Mono::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_claim_code_is_read_as_people_type_it() {
        let code = ClaimCode::new([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 31], at(0));
        assert_eq!(code.as_str(), "0123-4567-89AZ");
        for right in ["0123-4567-89AZ", "0123456789az", " o1 23-4567 89az", "oi23-4567-89aZ"] {
            assert!(code.matches(right), "{right:?}");
        }
        for wrong in ["", "0123-4567-89A", "0123-4567-89AZZ", "0123-4567-89AY", "-"] {
            assert!(!code.matches(wrong), "{wrong:?}");
        }
        assert!(code.is_live(at(86_399)) && !code.is_live(at(86_400)));
    }
}
