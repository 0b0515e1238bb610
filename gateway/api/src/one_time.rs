//! One-time codes: drawn here, spelled and kept as core says.

use gatehouse_core::code::{self, CodeHash};
use sha2::{Digest, Sha256};

/// A new code of 256 random bits, as it is shown, and its hash.
pub(crate) fn new_code() -> (String, CodeHash) {
    let spelled = code::spell(gatehouse_hub::random());
    let plain: String = spelled.chars().filter(|letter| *letter != '-').collect();
    (spelled, CodeHash(Sha256::digest(plain.as_bytes()).into()))
}

/// The hash of a code that someone typed or followed; none when it cannot be one.
pub(crate) fn hash(typed: &str) -> Option<CodeHash> {
    code::canonical(typed).map(|plain| CodeHash(Sha256::digest(plain.as_bytes()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_again_however_it_is_typed() {
        let (code, kept) = new_code();
        assert_eq!(hash(&code), Some(kept));
        assert_eq!(hash(&code.to_lowercase().replace('-', " ")), Some(kept));
        assert_ne!(new_code().1, kept);
        assert_eq!(hash("0123"), None);
    }
}
