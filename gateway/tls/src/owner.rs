//! The owner's own certificate, from somewhere else.

use crate::error::OwnerError;
use crate::leaf::Said;
use gatehouse_core::time::Wall;
use rustls::Error;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the owner's own certificate lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerFiles {
    /// The chain in PEM, the server's own certificate first.
    pub chain: PathBuf,
    /// Its private key in PEM, not encrypted: ECDSA, RSA or Ed25519.
    pub key: PathBuf,
}

/// A certificate that was found good.
#[derive(Debug)]
pub(crate) struct Owner {
    pub(crate) certified: Arc<CertifiedKey>,
    /// Whether it names an address, so that clients which dialled one may be given it.
    pub(crate) has_address: bool,
}

impl Owner {
    /// Whether it is good for this name or address.
    pub(crate) fn covers(&self, name: &str) -> bool {
        let Ok(name) = ServerName::try_from(name) else { return false };
        let parsed = self.certified.end_entity_cert().and_then(ParsedCertificate::try_from);
        parsed.is_ok_and(|certificate| rustls::client::verify_server_name(&certificate, &name).is_ok())
    }
}

impl OwnerFiles {
    /// Reads and checks them. The dates count only when the time is known.
    pub(crate) fn load(&self, provider: &CryptoProvider, now: Option<Wall>) -> Result<Owner, OwnerError> {
        let bad_chain = |why: String| OwnerError::BadChain { path: self.chain.clone(), why };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(&self.chain)?).collect();
        let chain = chain.map_err(|error| bad_chain(error.to_string()))?;
        let first = chain.first().ok_or_else(|| bad_chain("there is no CERTIFICATE in it".to_owned()))?;
        let said = Said::read(first).map_err(bad_chain)?;
        self.check_dates(&said, now)?;
        let bad_key = |why: String| OwnerError::BadKey { path: self.key.clone(), why };
        let key = PrivateKeyDer::from_pem_slice(&read(&self.key)?).map_err(|error| match error {
            pem::Error::NoItemsFound => bad_key("there is no unencrypted PRIVATE KEY in it".to_owned()),
            error => bad_key(error.to_string()),
        })?;
        let key = provider.key_provider.load_private_key(key).map_err(|error| bad_key(error.to_string()))?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) => {}
            Err(Error::InconsistentKeys(_)) => {
                return Err(OwnerError::Mismatch { chain: self.chain.clone(), key: self.key.clone() });
            }
            Err(error) => return Err(bad_chain(error.to_string())),
        }
        Ok(Owner { certified: Arc::new(certified), has_address: !said.addresses.is_empty() })
    }

    fn check_dates(&self, said: &Said, now: Option<Wall>) -> Result<(), OwnerError> {
        let Some(now) = now.map(|now| now.as_millis() / 1_000) else { return Ok(()) };
        let path = self.chain.clone();
        if now > said.period.not_after {
            return Err(OwnerError::Expired { path, on: readable(said.period.not_after) });
        }
        if now < said.period.not_before {
            return Err(OwnerError::NotYetValid { path, from: readable(said.period.not_before) });
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, OwnerError> {
    std::fs::read(path).map_err(|error| OwnerError::Unreadable { path: path.to_owned(), why: error.to_string() })
}

fn readable(seconds: u64) -> String {
    let time =
        i64::try_from(seconds).ok().and_then(|seconds| x509_parser::time::ASN1Time::from_timestamp(seconds).ok());
    time.map_or_else(|| "a date that cannot be".to_owned(), |time| time.to_string())
}
