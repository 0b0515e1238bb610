//! A certificate authority of a test's own, and a server that it vouches for.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::path::{Path, PathBuf};

/// Files in PEM: the authority's certificate, and certificate and key of a server at 127.0.0.1 and `localhost`.
#[derive(Clone, Debug)]
pub struct Authority {
    /// The authority's certificate.
    pub ca: PathBuf,
    /// The server's certificate.
    pub certificate: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

impl Authority {
    /// A new one, with its files in `dir`.
    pub fn new(dir: &Path) -> Self {
        let named = |names: &[&str], called: &str| {
            let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
            let mut params = CertificateParams::new(names).expect("the names are good");
            params.distinguished_name.push(DnType::CommonName, called);
            params
        };
        let mut authority = named(&[], "An authority for a test");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let authority_key = KeyPair::generate().expect("a key");
        let authority_certificate = authority.self_signed(&authority_key).expect("a certificate");
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().expect("a key");
        let server = named(&["127.0.0.1", "localhost"], "A server for a test");
        let certificate = server.signed_by(&key, &issuer).expect("a certificate");
        let write = |name: &str, pem: String| {
            let path = dir.join(name);
            std::fs::write(&path, pem).expect("the file can be written");
            path
        };
        Self {
            ca: write("test-ca.pem", authority_certificate.pem()),
            certificate: write("test-server.pem", certificate.pem()),
            key: write("test-server.key", key.serialize_pem()),
        }
    }
}
