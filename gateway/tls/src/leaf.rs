//! Certificates of servers, made by the home's authority.

use crate::Authority;
use crate::names::Sorted;
use rcgen::{
    Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// From when to when, in seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) not_before: u64,
    pub(crate) not_after: u64,
}

impl Period {
    /// That of the authority: 2020-01-01 to 2099-12-31.
    pub(crate) const WHOLE: Self = Self { not_before: 1_577_836_800, not_after: 4_102_358_400 };
}

/// What a certificate says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) issuer: String,
    pub(crate) hosts: BTreeSet<String>,
    pub(crate) addresses: BTreeSet<IpAddr>,
    pub(crate) period: Period,
}

impl Said {
    pub(crate) fn read(der: &[u8]) -> Result<Self, String> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        let issuer =
            certificate.issuer().iter_common_name().next().and_then(|name| name.as_str().ok()).unwrap_or_default();
        let seconds = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap_or(0);
        let validity = certificate.validity();
        let period = Period { not_before: seconds(validity.not_before), not_after: seconds(validity.not_after) };
        let mut said = Self { issuer: issuer.to_owned(), hosts: BTreeSet::new(), addresses: BTreeSet::new(), period };
        let names = certificate.subject_alternative_name().map_err(|error| error.to_string())?;
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::DNSName(host) => said.hosts.extend([host.to_ascii_lowercase()]),
                GeneralName::IPAddress(bytes) => said.addresses.extend(address(bytes)),
                _ => {}
            }
        }
        Ok(said)
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// A certificate and its key.
pub(crate) struct Leaf {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

impl Leaf {
    /// For boards: one name, no extension that they do not need, valid as long as the authority.
    pub(crate) fn for_boards(authority: &Authority, server_name: &str) -> Result<Self, rcgen::Error> {
        let mut params = params("Gatehouse boards", Period::WHOLE);
        params.subject_alt_names = vec![SanType::DnsName(server_name.try_into()?)];
        let (certificate, key) = sign(&params, authority)?;
        Ok(Self::of(&certificate, &key))
    }

    /// For people, and its PEM: certificate, then key.
    pub(crate) fn for_people(
        authority: &Authority,
        names: &Sorted,
        period: Period,
    ) -> Result<(Self, String), rcgen::Error> {
        let mut params = params("Gatehouse", period);
        for host in &names.hosts {
            params.subject_alt_names.push(SanType::DnsName(host.as_str().try_into()?));
        }
        params.subject_alt_names.extend(names.addresses.iter().map(|address| SanType::IpAddress(*address)));
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let (certificate, key) = sign(&params, authority)?;
        Ok((Self::of(&certificate, &key), format!("{}{}", certificate.pem(), key.serialize_pem())))
    }

    /// From what [`Leaf::for_people`] gave as PEM; none when it is anything else.
    pub(crate) fn from_pem(pem: &[u8]) -> Option<Self> {
        let certificate = CertificateDer::from_pem_slice(pem).ok()?;
        let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
        Some(Self { certificate, key })
    }

    fn of(certificate: &Certificate, key: &KeyPair) -> Self {
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Self { certificate: certificate.der().clone(), key }
    }

    pub(crate) fn said(&self) -> Result<Said, String> {
        Said::read(&self.certificate)
    }

    /// Ready to be served; an error when key and certificate do not belong together. The authority's own certificate is not
    /// sent along: clients have it, and boards refuse one with critical constraints when it is part of what is sent.
    pub(crate) fn certified(self, provider: &CryptoProvider) -> Result<CertifiedKey, rustls::Error> {
        CertifiedKey::from_der(vec![self.certificate], self.key, provider)
    }
}

fn params(name: &str, period: Period) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(period.not_before);
    params.not_after = epoch + Duration::from_secs(period.not_after);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

fn sign(params: &CertificateParams, authority: &Authority) -> Result<(Certificate, KeyPair), rcgen::Error> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let certificate = params.signed_by(&key, authority.issuer())?;
    Ok((certificate, key))
}
