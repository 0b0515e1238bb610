//! What must hold whatever a client sends: one function for each fuzz target of `tests/fuzz`, which panics when it does
//! not. Only compiled for fuzzing and for tests, which try the seeds: the product has no such door.

mod acl;
mod connect;
mod decode;

use crate::connect::secret_hash;
use gatehouse_core::access::{BoardCredential, Credentials, IntegrationCredential};
use gatehouse_core::ids::DeviceId;
use gatehouse_core::name::BoardId;
use std::sync::{Arc, LazyLock};

pub use acl::acl;
pub use connect::connect;
pub use decode::{decode_v4, decode_v5};

/// Names and secrets short enough to be come upon: board `b` with the secret `s`, integrations `all` and `some` (only
/// `a/#`) with the secret `i`.
static CREDENTIALS: LazyLock<Arc<Credentials>> = LazyLock::new(|| {
    let mut credentials = Credentials::default();
    let secret = secret_hash(BOARD.as_str(), b"s");
    credentials.boards.insert(BOARD.clone(), BoardCredential { device: DeviceId::from_raw(1), secret, next: None });
    for (user, filter) in [("all", "#"), ("some", "a/#")] {
        let filters = vec![filter.to_owned()];
        let secret = secret_hash(user, b"i");
        let credential = IntegrationCredential { secret, publish: filters.clone(), subscribe: filters };
        credentials.integrations.insert(user.into(), credential);
    }
    Arc::new(credentials)
});

#[expect(clippy::unwrap_used, reason = "an id that is fixed here")]
static BOARD: LazyLock<BoardId> = LazyLock::new(|| BoardId::new("b").unwrap());

/// What a topic is, level by level, as the rules put it in words.
fn is_plain(topic: &str) -> bool {
    let levels: Vec<&str> = topic.split('/').collect();
    let plain = |level: &&str| level.chars().all(|c| !matches!(c, '+' | '#' | '\0'));
    (1..=256).contains(&topic.len()) && levels.len() <= 16 && levels.iter().all(plain) && !levels[0].starts_with('$')
}

/// Whether a board that listens there would move.
fn is_order(topic: &str) -> bool {
    let levels: Vec<&str> = topic.split('/').collect();
    levels.starts_with(&["homie", "5"]) && (levels.get(3) == Some(&"$command") || levels.last() == Some(&"set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of a name and of bytes, with `\n`, `\\` and `\x00` for what is no text.
    fn seeds(text: &str) -> impl Iterator<Item = (&str, Vec<u8>)> {
        text.lines().map(|line| {
            let (name, escaped) = line.split_once(' ').unwrap();
            let (mut bytes, mut rest) = (Vec::new(), escaped);
            while let Some((plain, escape)) = rest.split_once('\\') {
                bytes.extend(plain.as_bytes());
                let (byte, size) = match escape.as_bytes()[0] {
                    b'n' => (b'\n', 1),
                    b'\\' => (b'\\', 1),
                    b'x' => (u8::from_str_radix(&escape[1..3], 16).unwrap(), 3),
                    other => panic!("{name}: {other}"),
                };
                bytes.push(byte);
                rest = &escape[size..];
            }
            bytes.extend(rest.as_bytes());
            (name, bytes)
        })
    }

    /// All seeds hold, and those that are not called bad get past the first check.
    fn try_all(text: &str, target: impl Fn(&[u8]) -> bool) {
        for (name, bytes) in seeds(text) {
            assert_eq!(target(&bytes), !name.starts_with("bad-"), "{name}");
        }
    }

    #[test]
    fn the_seeds_of_all_targets_hold() {
        try_all(include_str!("../../../../tests/fuzz/seeds/decode_v4.txt"), decode_v4);
        try_all(include_str!("../../../../tests/fuzz/seeds/decode_v5.txt"), decode_v5);
        try_all(include_str!("../../../../tests/fuzz/seeds/connect.txt"), connect);
        try_all(include_str!("../../../../tests/fuzz/seeds/acl.txt"), acl);
    }
}
