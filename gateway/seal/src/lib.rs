//! Secrets that must be readable again, sealed on the disk with a key that is not there: one that systemd hands to the daemon as a
//! credential, decrypted with a key of the machine or of its TPM (systemd-creds(1)). Where there is no such credential they are as they
//! are, in files for the daemon alone.
//!
//! A sealed secret is a file: a line that says so, a nonce of 12 random bytes, and ChaCha20-Poly1305 of the secret, bound to its name. Its key is
//! derived from the credential by HKDF-SHA256 (RFC 5869).
//!
//! **Invariant:** a file is sealed as a whole or plain, and says which it is.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The credential's name.
pub const CREDENTIAL: &str = "gatehouse.seal";
/// Least length of the credential, in bytes.
pub const LEAST: usize = 32;
/// How a sealed file begins.
const MAGIC: &[u8] = b"gatehouse sealed 1\n";
/// What the key is for, so that the same credential in another use makes another key.
const PURPOSE: &[u8] = b"gatehouse seal 1";

/// What seals, where there is a key.
#[derive(Clone, Default)]
pub struct Seal(Option<Arc<LessSafeKey>>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Seal(with a key)" } else { "Seal(none)" })
    }
}

/// Why a credential cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadCredential {
    /// It cannot be read.
    #[error("the credential {CREDENTIAL} cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It is too short to be a key.
    #[error(
        "the credential {CREDENTIAL} has {0} bytes: a key has at least {LEAST}, such as head -c 32 /dev/urandom makes"
    )]
    TooShort(usize),
}

/// Why a sealed secret cannot be read. The file was left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// There is no key.
    #[error(
        "it is sealed, and this start has no key for it: have systemd hand the credential {CREDENTIAL} to the daemon, as before; where that \
         is gone, restore a backup"
    )]
    NoKey,
    /// It was sealed with another key, is another secret, or is damaged.
    #[error(
        "it was sealed with another key, or is damaged: bring back the credential {CREDENTIAL} of that time, or restore a backup"
    )]
    WrongKey,
}

impl Seal {
    /// None: what is written stays readable.
    pub fn none() -> Self {
        Self::default()
    }

    /// With a key made of a secret.
    ///
    /// # Errors
    /// When that is shorter than [`LEAST`].
    pub fn with(secret: &[u8]) -> Result<Self, BadCredential> {
        if secret.len() < LEAST {
            return Err(BadCredential::TooShort(secret.len()));
        }
        let derived = Salt::new(HKDF_SHA256, &[]).extract(secret);
        let too_short = |_| BadCredential::TooShort(secret.len());
        let key = derived.expand(&[PURPOSE], &CHACHA20_POLY1305).map(UnboundKey::from).map_err(too_short)?;
        Ok(Self(Some(Arc::new(LessSafeKey::new(key)))))
    }

    /// With the credential in systemd's directory of them (`CREDENTIALS_DIRECTORY`), where there is one.
    ///
    /// # Errors
    /// When it is there and cannot be used.
    pub fn of_credentials(directory: Option<&Path>) -> Result<Self, BadCredential> {
        let Some(directory) = directory else { return Ok(Self::none()) };
        match fs::read(directory.join(CREDENTIAL)) {
            Ok(secret) => Self::with(&secret),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::none()),
            Err(error) => Err(error.into()),
        }
    }

    /// What is to be written of a secret of this name.
    ///
    /// # Errors
    /// When the system has no random bytes.
    pub fn close(&self, name: &str, secret: &[u8]) -> io::Result<Vec<u8>> {
        let Some(key) = &self.0 else { return Ok(secret.to_vec()) };
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| io::Error::other("the system has no random bytes"))?;
        let mut sealed = secret.to_vec();
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(name), &mut sealed)
            .map_err(|_| io::Error::other("it is too long to be sealed"))?;
        Ok([MAGIC, &nonce, &sealed].concat())
    }

    /// The secret of this name in what was read, sealed or not.
    ///
    /// # Errors
    /// When it is sealed and there is no key, or another one.
    pub fn open(&self, name: &str, read: &[u8]) -> Result<Vec<u8>, Unopened> {
        let Some(sealed) = read.strip_prefix(MAGIC) else { return Ok(read.to_vec()) };
        let key = self.0.as_ref().ok_or(Unopened::NoKey)?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(Unopened::WrongKey)?;
        let mut secret = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = key.open_in_place(nonce, Aad::from(name), &mut secret).map_err(|_| Unopened::WrongKey)?;
        Ok(opened.to_vec())
    }

    /// Whether what was read is to be written anew: there is a key, and it is not sealed.
    pub fn is_due(&self, read: &[u8]) -> bool {
        self.0.is_some() && !read.starts_with(MAGIC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "tls/ca.key";
    const SECRET: &[u8] = b"-----BEGIN PRIVATE KEY-----";

    fn seal(byte: u8) -> Seal {
        Seal::with(&[byte; LEAST]).unwrap()
    }

    #[test]
    fn what_is_sealed_only_the_same_key_opens_under_the_same_name() {
        let closed = seal(1).close(NAME, SECRET).unwrap();
        assert!(!closed.windows(5).any(|part| part == b"BEGIN"));
        assert_eq!(seal(1).open(NAME, &closed).as_deref(), Ok(SECRET));
        assert_eq!(seal(2).open(NAME, &closed), Err(Unopened::WrongKey));
        assert_eq!(seal(1).open("backup.key", &closed), Err(Unopened::WrongKey));
        assert_eq!(Seal::none().open(NAME, &closed), Err(Unopened::NoKey));
        assert_ne!(seal(1).close(NAME, SECRET).unwrap(), closed, "each has a nonce of its own");
    }

    #[test]
    fn whatever_is_changed_or_cut_off_is_noticed() {
        let closed = seal(1).close(NAME, SECRET).unwrap();
        for at in MAGIC.len()..closed.len() {
            let mut changed = closed.clone();
            changed[at] ^= 1;
            assert_eq!(seal(1).open(NAME, &changed), Err(Unopened::WrongKey), "byte {at}");
            assert_eq!(seal(1).open(NAME, &closed[..at]), Err(Unopened::WrongKey), "{at} bytes");
        }
    }

    #[test]
    fn without_a_key_a_secret_is_as_it_is_and_with_one_it_is_to_be_sealed() {
        let plain = Seal::none().close(NAME, SECRET).unwrap();
        assert_eq!(plain, SECRET);
        assert_eq!(seal(1).open(NAME, &plain).as_deref(), Ok(SECRET));
        assert!(seal(1).is_due(&plain) && !Seal::none().is_due(&plain));
        assert!(!seal(1).is_due(&seal(2).close(NAME, SECRET).unwrap()));
    }

    #[test]
    fn the_credential_is_taken_where_there_is_one() {
        let dir = tempfile::tempdir().unwrap();
        let is_due =
            |seal: Result<Seal, BadCredential>| seal.map(|seal| seal.is_due(SECRET)).map_err(|e| e.to_string());
        assert_eq!(is_due(Seal::of_credentials(None)), Ok(false));
        assert_eq!(is_due(Seal::of_credentials(Some(dir.path()))), Ok(false));
        fs::write(dir.path().join(CREDENTIAL), [7; LEAST - 1]).unwrap();
        assert!(is_due(Seal::of_credentials(Some(dir.path()))).unwrap_err().contains("has 31 bytes"));
        fs::write(dir.path().join(CREDENTIAL), [7; LEAST]).unwrap();
        assert_eq!(is_due(Seal::of_credentials(Some(dir.path()))), Ok(true));
        let closed = Seal::of_credentials(Some(dir.path())).unwrap().close(NAME, SECRET).unwrap();
        assert_eq!(seal(7).open(NAME, &closed).as_deref(), Ok(SECRET));
    }
}
