//! The one root of a home.

use crate::error::AuthorityError;
use crate::{Fingerprint, files, names};
use gatehouse_seal::Seal;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use x509_parser::prelude::{FromDer, X509Certificate};

/// The authority's certificate in its directory: PEM, for everyone.
pub const CERTIFICATE_FILE: &str = "ca.pem";
/// The authority's key in its directory: PEM (PKCS #8), for the daemon alone.
pub const KEY_FILE: &str = "ca.key";
/// What the key is called where it is sealed.
pub const KEY_NAME: &str = "tls/ca.key";

/// The home's certificate authority: a P-256 key, and a certificate that is valid from 2020-01-01 to 2099-12-31, so that a
/// board without a clock can check against a constant date; signs servers only, nothing below them; constrained to names
/// and addresses that are private.
///
/// All of the certificate but its signature follows from the key. So where only the certificate was lost, it is made again
/// and everyone who trusted the old one trusts the new one.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    name: String,
    path: PathBuf,
    seal: Seal,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Authority {
    /// Opens the authority kept in `dir`; makes directory (mode 0700), key (0600) and certificate where nothing is yet. What
    /// a crash left half made is completed. Only one process at a time may do this.
    ///
    /// # Errors
    /// When a file is damaged, the key is missing beside its certificate, or the disk fails; no file is overwritten.
    pub fn open_or_create(dir: &Path) -> Result<Self, AuthorityError> {
        Self::open_sealed(dir, &Seal::none())
    }

    /// The same with its key sealed: one that lies there readable is sealed now.
    ///
    /// # Errors
    /// The same, and when the key is sealed and this does not open it.
    pub fn open_sealed(dir: &Path, seal: &Seal) -> Result<Self, AuthorityError> {
        let (key_path, path) = (dir.join(KEY_FILE), dir.join(CERTIFICATE_FILE));
        files::make_directory(dir).map_err(at(dir))?;
        let key_file = files::read(&key_path).map_err(at(&key_path))?;
        let certificate_file = files::read(&path).map_err(at(&path))?;
        let key = match key_file {
            Some(file) => read_key(&key_path, &file, seal)?,
            None if certificate_file.is_some() => return Err(AuthorityError::KeyMissing { path: key_path }),
            // First the key: a certificate without one could not be completed.
            None => make_key(&key_path, seal)?,
        };
        let name = name_of(&key);
        let params = params(&name);
        let certificate = match certificate_file {
            Some(file) => read_certificate(&file, &name, &key)
                .map_err(|why| AuthorityError::DamagedCertificate { path: path.clone(), why })?,
            None => {
                let certificate = params.self_signed(&key)?;
                files::write(&path, certificate.pem().as_bytes(), files::PUBLIC).map_err(at(&path))?;
                certificate.der().clone()
            }
        };
        Ok(Self { issuer: Issuer::new(params, key), certificate, name, path, seal: seal.clone() })
    }

    /// Where its certificate lies, as PEM.
    pub fn certificate_path(&self) -> &Path {
        &self.path
    }

    /// Its certificate, as DER: what `/ca.crt` answers, as `application/x-x509-ca-cert`.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate
    }

    /// Its certificate's fingerprint, for people to compare.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.certificate)
    }

    /// What people see it called once it is installed: `Gatehouse` and eight digits of its own.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The home's id in names, from the authority's own name: its digits in lower case. Whoever trusts the authority can
    /// tell from its certificate which name to expect: [`crate::board_server_name`] of this.
    pub fn home(&self) -> String {
        self.name.rsplit(' ').next().unwrap_or_default().to_lowercase()
    }

    /// What seals secrets beside it.
    pub(crate) fn seal(&self) -> &Seal {
        &self.seal
    }

    pub(crate) fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.issuer
    }
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> AuthorityError {
    let path = path.to_owned();
    move |source| AuthorityError::Io { path, source }
}

fn make_key(path: &Path, seal: &Seal) -> Result<KeyPair, AuthorityError> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    save_key(path, key.serialize_pem().as_bytes(), seal).map_err(at(path))?;
    Ok(key)
}

fn save_key(path: &Path, pem: &[u8], seal: &Seal) -> std::io::Result<()> {
    files::write(path, &seal.close(KEY_NAME, pem)?, files::PRIVATE)
}

fn read_key(path: &Path, file: &[u8], seal: &Seal) -> Result<KeyPair, AuthorityError> {
    let damaged = |why: String| AuthorityError::DamagedKey { path: path.to_owned(), why };
    let pem = seal.open(KEY_NAME, file).map_err(|why| AuthorityError::Sealed { path: path.to_owned(), why })?;
    let key = KeyPair::from_pem(&String::from_utf8_lossy(&pem)).map_err(|error| damaged(error.to_string()))?;
    if key.algorithm() != &rcgen::PKCS_ECDSA_P256_SHA256 {
        return Err(damaged("it is not a P-256 key".to_owned()));
    }
    if seal.is_due(file) {
        save_key(path, &pem, seal).map_err(at(path))?;
        tracing::info!(file = %path.display(), "the key of the home's certificate authority is sealed from now on");
    }
    if files::make_private(path).map_err(at(path))? {
        tracing::warn!(
            file = %path.display(),
            "others could read the key of the home's certificate authority; they no longer can, but may have copied it"
        );
    }
    Ok(key)
}

/// Two homes in one browser must not have authorities of one name: clients look them up by it.
fn name_of(key: &KeyPair) -> String {
    let digest = Sha256::digest(key.public_key_raw());
    format!("Gatehouse {:02X}{:02X}{:02X}{:02X}", digest[0], digest[1], digest[2], digest[3])
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 12, 31);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(names::constraints());
    params
}

fn read_certificate(file: &[u8], name: &str, key: &KeyPair) -> Result<CertificateDer<'static>, String> {
    let der = CertificateDer::from_pem_slice(file).map_err(|error| error.to_string())?;
    let (_, certificate) = X509Certificate::from_der(&der).map_err(|error| error.to_string())?;
    let subject = certificate.subject().iter_common_name().next().and_then(|name| name.as_str().ok());
    if certificate.public_key().subject_public_key.data.as_ref() != key.public_key_raw() || subject != Some(name) {
        return Err(format!("it is not the certificate of the key in {KEY_FILE}"));
    }
    certificate.verify_signature(None).map_err(|_| "its signature is wrong".to_owned())?;
    Ok(der.into_owned())
}
