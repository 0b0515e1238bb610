//! One-time codes: drawn here, and known again by their hash.

use crate::random::random;
use gatehouse_core::code::{self, CodeHash};
use sha2::{Digest, Sha256};

/// A new one-time code as it is shown, once, and what is kept of it.
pub fn new_code() -> (String, CodeHash) {
    let shown = code::spell(random());
    let hash = code_hash(&shown).unwrap_or_else(|| unreachable!("a code is spelled as codes are"));
    (shown, hash)
}

/// By what a one-time code is known, as people type it; none when it cannot be one.
pub fn code_hash(typed: &str) -> Option<CodeHash> {
    code::canonical(typed).map(|code| CodeHash(Sha256::digest(code.as_bytes()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_codes_are_the_same_and_each_is_known_however_it_is_typed() {
        let ((one, hash), (other, _)) = (new_code(), new_code());
        assert_ne!(one, other);
        assert_eq!(code_hash(&one.to_lowercase().replace('-', " ")), Some(hash));
        assert_ne!(code_hash(&other), Some(hash));
        assert_eq!(code_hash(&one[1..]), None);
    }
}
