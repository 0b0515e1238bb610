//! The server that mail goes through, and how it is spoken to.

use crate::Error;
use gatehouse_core::mail::Address;
use lettre::Tokio1Executor;
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use std::fmt;
use std::time::Duration;

/// How the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// TLS after STARTTLS; a server that does not offer it gets nothing.
    StartTls,
    /// None: for a server on this very machine.
    None,
}

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those of the authorities that the system knows.
    System,
    /// Those of these authorities only, in PEM.
    Only(Vec<u8>),
}

/// Who we are to the server.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The user's name.
    pub user: String,
    /// Their password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(…)")
    }
}

/// The server that mail goes through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name, which its certificate must be for.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Who we are to it; none when it asks nobody.
    pub login: Option<Login>,
    /// The address that mail comes from.
    pub from: Address,
}

impl Server {
    pub(crate) fn transport(&self, attempt: Duration) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
        let tls = match self.encryption {
            Encryption::Tls => Tls::Wrapper(self.tls()?),
            Encryption::StartTls => Tls::Required(self.tls()?),
            Encryption::None => Tls::None,
        };
        // Not dangerous: what TLS has to be is said here.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(self.host.clone())
            .port(self.port)
            .timeout(Some(attempt))
            .tls(tls);
        let login = self.login.clone().map(|login| Credentials::new(login.user, login.password));
        Ok(match login {
            Some(login) => builder.credentials(login).build(),
            None => builder.build(),
        })
    }

    fn tls(&self) -> Result<TlsParameters, Error> {
        let bad = |source| Error::Tls { host: self.host.clone(), source };
        let builder = TlsParameters::builder(self.host.clone());
        let builder = match &self.trust {
            Trust::System => builder,
            Trust::Only(pem) => {
                let certificate = Certificate::from_pem(pem).map_err(bad)?;
                if !pem.windows(11).any(|part| part == b"CERTIFICATE") {
                    return Err(Error::NoCertificate);
                }
                builder.certificate_store(CertificateStore::None).add_root_certificate(certificate)
            }
        };
        builder.build_rustls().map_err(bad)
    }
}
