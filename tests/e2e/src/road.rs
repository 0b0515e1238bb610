//! How a client gets to the daemon: over TCP, or over TLS as one who trusts the home's authority.

use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

/// A connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Stream for S {}

/// Where the daemon is, and whom to trust there.
#[derive(Clone, Debug)]
pub(crate) struct Road {
    pub(crate) address: SocketAddr,
    /// Where the client is; wherever the system puts it by default.
    from: Option<IpAddr>,
    tls: Option<Arc<ClientConfig>>,
}

impl Road {
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self { address, from: None, tls: None }
    }

    /// Trusts the authority in the file `ca`, PEM, and nobody else.
    pub(crate) fn tls(address: SocketAddr, ca: &Path) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).expect("the home's authority")).expect("an authority");
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().expect("ring knows them");
        let config = builder.with_root_certificates(roots).with_no_client_auth();
        Self { address, from: None, tls: Some(Arc::new(config)) }
    }

    /// The same way, from another address.
    pub(crate) fn at(&self, from: IpAddr) -> Self {
        Self { from: Some(from), ..self.clone() }
    }

    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream = match self.from {
            None => TcpStream::connect(self.address).await?,
            Some(from) => {
                let socket = TcpSocket::new_v4()?;
                socket.bind((from, 0).into())?;
                socket.connect(self.address).await?
            }
        };
        let Some(config) = self.tls.clone() else { return Ok(Box::new(stream)) };
        let name = ServerName::from(self.address.ip());
        Ok(Box::new(TlsConnector::from(config).connect(name, stream).await?))
    }
}
