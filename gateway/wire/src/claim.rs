//! How a board is claimed over the network: the messages of [`PROVISIONING.md`](../../PROVISIONING.md), "In the network", and what
//! keeps them secret.
//!
//! The gateway's side: [`Meeting::begin`], then [`Meeting::meet`] with what the board answered, then [`Met::hand_over`] once somebody
//! has said [`Met::number`].

use crate::improv::MAX_DOCUMENT;
use gatehouse_core::name::BoardId;
use gatehouse_core::onboarding::NativeBoard;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::{digest, hkdf};
use std::sync::Arc;

/// Bytes before each message: its type and its length.
pub const HEADER: usize = 3;
/// Longest message of a board, without them.
pub const MAX_FROM_BOARD: usize = 253;

const VERSION: u8 = 1;
const LABEL: &[u8] = b"gatehouse claim 1";
const KEYS: &[u8] = b"gatehouse claim 1 keys";
const KEY: usize = 32;
const TAG: usize = 16;
const NUMBERS: u8 = 8;
/// A text of a board that is longer is not taken.
const MAX_TEXT: usize = 64;
const MAX_RELAYS: usize = gatehouse_core::device::MAX_RELAYS;

mod kind {
    pub(super) const OPENING: u8 = 1;
    pub(super) const BOARD_KEY: u8 = 2;
    pub(super) const GATEWAY_KEY: u8 = 3;
    pub(super) const HANDOVER: u8 = 4;
    pub(super) const TAKEN: u8 = 5;
}

/// Why a claim cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadClaim {
    /// There is no randomness.
    #[error("there is no randomness to make a key of")]
    NoRandomness,
    /// A message that does not have its form.
    #[error("the board does not keep to the exchange")]
    Form,
    /// A key with which nothing would be secret.
    #[error("the board's key is none")]
    Key,
    /// A box that is not as it was sealed.
    #[error("what the board sealed was changed")]
    Box,
}

/// How a board took its home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is on trial.
    Stored,
    /// The document is none to it.
    NotValid,
    /// It could not be stored.
    NotStored,
}

/// What follows a header, when it is one of a board's message.
pub fn length_from_board(header: [u8; HEADER]) -> Result<usize, BadClaim> {
    let length = usize::from(u16::from_le_bytes([header[1], header[2]]));
    let fits = match header[0] {
        kind::BOARD_KEY => (KEY..=MAX_FROM_BOARD).contains(&length),
        kind::TAKEN => length == 1 + TAG,
        _ => false,
    };
    fits.then_some(length).ok_or(BadClaim::Form)
}

fn message(kind: u8, payload: &[u8]) -> Vec<u8> {
    // None is longer than a sealed document.
    let mut out = vec![kind];
    out.extend((payload.len() as u16).to_le_bytes());
    out.extend_from_slice(payload);
    out
}

/// The gateway's key, drawn for one attempt, and bound to before the board's is seen.
pub struct Meeting {
    private: EphemeralPrivateKey,
    key: [u8; KEY],
}

impl std::fmt::Debug for Meeting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meeting { … }")
    }
}

impl Meeting {
    /// Draws a key.
    ///
    /// # Errors
    /// [`BadClaim::NoRandomness`].
    pub fn begin() -> Result<Self, BadClaim> {
        let private = EphemeralPrivateKey::generate(&X25519, &ring::rand::SystemRandom::new());
        let private = private.map_err(|_| BadClaim::NoRandomness)?;
        let public = private.compute_public_key().map_err(|_| BadClaim::NoRandomness)?;
        let key = public.as_ref().try_into().map_err(|_| BadClaim::NoRandomness)?;
        Ok(Self { private, key })
    }

    fn opening(&self) -> Vec<u8> {
        [&[VERSION], digest::digest(&digest::SHA256, &self.key).as_ref()].concat()
    }

    /// The first message: what binds the gateway to its key.
    pub fn opening_message(&self) -> Vec<u8> {
        message(kind::OPENING, &self.opening())
    }

    /// The third one, once the board has shown its key.
    pub fn key_message(&self) -> Vec<u8> {
        message(kind::GATEWAY_KEY, &self.key)
    }

    /// Takes the board's key message, without its header.
    ///
    /// # Errors
    /// [`BadClaim::Form`] and [`BadClaim::Key`].
    pub fn meet(self, said: &[u8]) -> Result<Met, BadClaim> {
        let (key, texts) = said.split_first_chunk::<KEY>().ok_or(BadClaim::Form)?;
        let native = native(texts).ok_or(BadClaim::Form)?;
        let transcript = transcript(&self.opening(), said, &self.key);
        let theirs = UnparsedPublicKey::new(&X25519, key);
        let keys = agree_ephemeral(self.private, &theirs, |common| Keys::of(common, &transcript, &native.board));
        Ok(Met { keys: keys.map_err(|_| BadClaim::Key)??, transcript, native })
    }
}

fn transcript(opening: &[u8], board: &[u8], gateway: &[u8]) -> [u8; KEY] {
    let mut hash = digest::Context::new(&digest::SHA256);
    [LABEL, opening, board, gateway].iter().for_each(|part| hash.update(part));
    let mut out = [0; KEY];
    out.copy_from_slice(hash.finish().as_ref());
    out
}

/// What a board says of itself behind its key.
fn native(mut texts: &[u8]) -> Option<NativeBoard> {
    let mut all: [Arc<str>; 6] = std::array::from_fn(|_| Arc::from(""));
    for text in &mut all {
        let (length, rest) = texts.split_first()?;
        let (bytes, rest) = rest.split_at_checked(usize::from(*length))?;
        let said = std::str::from_utf8(bytes).ok()?;
        if said.len() > MAX_TEXT || said.chars().any(char::is_control) {
            return None;
        }
        (*text, texts) = (said.into(), rest);
    }
    let [board, mac, chip, model, firmware, relays] = all;
    let relays = relays.parse().ok().filter(|relays| (1..=MAX_RELAYS).contains(relays))?;
    let board = BoardId::new(&board).ok()?;
    texts.is_empty().then_some(NativeBoard { board, mac, chip, model, firmware, relays, home: None })
}

struct Keys {
    gateway: LessSafeKey,
    board: LessSafeKey,
    number: u8,
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

impl Keys {
    fn of(common: &[u8], transcript: &[u8; KEY], board: &BoardId) -> Result<Self, BadClaim> {
        let mut bytes = [0; 2 * KEY + 1];
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, transcript).extract(common);
        let info = [KEYS, board.as_str().as_bytes()];
        let drawn = secret.expand(&info, Length(bytes.len())).and_then(|drawn| drawn.fill(&mut bytes));
        drawn.map_err(|_| BadClaim::Key)?;
        let key = |bytes: &[u8]| UnboundKey::new(&CHACHA20_POLY1305, bytes).map(LessSafeKey::new);
        let keys = Self {
            gateway: key(&bytes[..KEY]).map_err(|_| BadClaim::Key)?,
            board: key(&bytes[KEY..2 * KEY]).map_err(|_| BadClaim::Key)?,
            number: bytes[2 * KEY] % NUMBERS + 1,
        };
        bytes.fill(0);
        Ok(keys)
    }
}

/// A board and the gateway that have exchanged keys. Whether nobody is between them, only the number can tell.
pub struct Met {
    keys: Keys,
    transcript: [u8; KEY],
    native: NativeBoard,
}

impl std::fmt::Debug for Met {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Met").field("native", &self.native).finish_non_exhaustive()
    }
}

impl Met {
    /// What the board says of itself.
    pub const fn native(&self) -> &NativeBoard {
        &self.native
    }

    /// What its light blinks when nobody is in between: 1 to 8.
    pub const fn number(&self) -> u8 {
        self.keys.number
    }

    /// The message that gives it its home. A key seals one message, so this is asked for once.
    ///
    /// # Errors
    /// [`BadClaim::Form`] for a document longer than [`MAX_DOCUMENT`].
    pub fn hand_over(&self, document: &[u8]) -> Result<Vec<u8>, BadClaim> {
        if document.len() > MAX_DOCUMENT {
            return Err(BadClaim::Form);
        }
        let mut sealed = document.to_vec();
        let done = self.keys.gateway.seal_in_place_append_tag(nonce(), Aad::from(&self.transcript), &mut sealed);
        done.map_err(|_| BadClaim::Form)?;
        Ok(message(kind::HANDOVER, &sealed))
    }

    /// Reads how the board took it, a message without its header.
    ///
    /// # Errors
    /// [`BadClaim::Box`] and [`BadClaim::Form`].
    pub fn taken(&self, sealed: &[u8]) -> Result<Taken, BadClaim> {
        let mut bytes = sealed.to_vec();
        let opened = self.keys.board.open_in_place(nonce(), Aad::from(&self.transcript), &mut bytes);
        match opened.map_err(|_| BadClaim::Box)? {
            [0] => Ok(Taken::Stored),
            [1] => Ok(Taken::NotValid),
            [2] => Ok(Taken::NotStored),
            _ => Err(BadClaim::Form),
        }
    }
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    struct Golden(Value);

    impl Golden {
        fn read() -> Self {
            let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/claim/exchange.json");
            Self(serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap())
        }
        fn text(&self, name: &str) -> &str {
            self.0[name].as_str().unwrap()
        }
        fn bytes(&self, name: &str) -> Vec<u8> {
            let text = self.text(name);
            (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
        }
        /// A message without its header, which must fit.
        fn payload(&self, name: &str) -> Vec<u8> {
            self.bytes(name)[HEADER..].to_vec()
        }
        fn met(&self) -> Met {
            let transcript = self.bytes("transcript").try_into().unwrap();
            let native = native(&self.payload("board_key_message")[KEY..]).unwrap();
            let keys = Keys::of(&self.bytes("shared_secret"), &transcript, &native.board).unwrap();
            Met { keys, transcript, native }
        }
    }

    #[test]
    fn the_golden_exchange_is_made_and_read_byte_by_byte() {
        let golden = Golden::read();
        let key = golden.bytes("gateway_key");
        let opening = [&[VERSION], digest::digest(&digest::SHA256, &key).as_ref()].concat();
        assert_eq!(message(kind::OPENING, &opening), golden.bytes("opening"));
        assert_eq!(message(kind::GATEWAY_KEY, &key), golden.bytes("gateway_key_message"));
        let said = golden.bytes("board_key_message");
        assert_eq!(length_from_board(said[..HEADER].try_into().unwrap()), Ok(said.len() - HEADER));
        assert_eq!(transcript(&opening, &said[HEADER..], &key).to_vec(), golden.bytes("transcript"));
        let met = golden.met();
        let NativeBoard { board, mac, chip, model, firmware, relays, home } = met.native();
        let told = [board.as_str(), mac, chip, model, firmware, &relays.to_string()];
        let names = ["board_id", "mac", "chip", "model", "firmware", "relays"];
        assert_eq!((told, home), (names.map(|name| golden.text(name)), &None));
        assert_eq!(met.number().to_string(), golden.text("number"));
        assert_eq!(met.hand_over(&golden.bytes("document")).unwrap(), golden.bytes("sealed_handover"));
        for (name, wanted) in
            [("stored", Taken::Stored), ("not_valid", Taken::NotValid), ("not_stored", Taken::NotStored)]
        {
            assert_eq!(met.taken(&golden.payload(name)), Ok(wanted));
        }
        assert_eq!(met.hand_over(&[0; MAX_DOCUMENT + 1]).unwrap_err(), BadClaim::Form);
    }

    #[test]
    fn what_was_changed_on_the_way_is_not_taken() {
        let golden = Golden::read();
        let met = golden.met();
        let stored = golden.payload("stored");
        for at in 0..stored.len() {
            let mut changed = stored.clone();
            changed[at] ^= 1;
            assert_eq!(met.taken(&changed), Err(BadClaim::Box));
        }
        assert_eq!(met.taken(&stored[1..]), Err(BadClaim::Box));
        // Of another board, or another exchange, it opens nothing and blinks another number, mostly.
        let common = golden.bytes("shared_secret");
        let other = |transcript: [u8; KEY], id: &str| {
            Keys::of(&common, &transcript, &BoardId::new(id).unwrap()).unwrap().number
        };
        let numbers: Vec<_> = (0..64).map(|change| other([change; KEY], "relay-a1b2c3")).collect();
        assert!((1..=NUMBERS).all(|number| numbers.contains(&number)), "{numbers:?}");
        let ids: Vec<_> = (0..64).map(|change| other([1; KEY], &format!("relay-{change}"))).collect();
        assert!((1..=NUMBERS).all(|number| ids.contains(&number)), "{ids:?}");
    }

    #[test]
    fn a_board_that_does_not_keep_to_the_exchange_is_not_met() {
        let golden = Golden::read();
        let said = golden.payload("board_key_message");
        let meet = |said: &[u8]| Meeting::begin().unwrap().meet(said).map(|met| met.native().clone());
        assert_eq!(meet(&said).unwrap().board.as_str(), "relay-a1b2c3");
        for cut in 0..said.len() {
            assert_eq!(meet(&said[..cut]), Err(BadClaim::Form), "{cut}");
        }
        assert_eq!(meet(&[&said[..], &[0]].concat()), Err(BadClaim::Form));
        let small = [&golden.bytes("key_of_small_order")[..], &said[KEY..]].concat();
        assert_eq!(meet(&small), Err(BadClaim::Key));
        for (from, to) in [("nodemcuv2", "node\u{7}cuv2"), ("relay-a1b2c3", "relay a1b2c3"), ("\u{1}2", "\u{1}0")] {
            let text = String::from_utf8(said[KEY..].to_vec()).unwrap().replace(from, to);
            assert_eq!(meet(&[&said[..KEY], text.as_bytes()].concat()), Err(BadClaim::Form), "{to:?}");
        }
        for header in [[2, 31, 0], [2, 254, 0], [2, 0, 255], [5, 16, 0], [5, 18, 0], [1, 33, 0], [3, 32, 0], [4, 99, 0]]
        {
            assert_eq!(length_from_board(header), Err(BadClaim::Form), "{header:?}");
        }
        // Two meetings never show the same key.
        let keys = [(); 2].map(|()| Meeting::begin().unwrap().key_message());
        assert_ne!(keys[0], keys[1]);
    }
}
