//! The way to a broker: TCP, or TLS as light as it can be on the client's side.

use anyhow::Context;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, Tls12Resumption};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, SupportedProtocolVersion};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// What carries MQTT.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Where a broker is, and how it is spoken to.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) address: SocketAddr,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Door {
    /// Without TLS.
    pub(crate) fn plain(address: SocketAddr) -> Self {
        Self { address, tls: None }
    }

    /// TLS of one version with a server of this name; `resumes` whether later connections resume the first one's session.
    pub(crate) fn tls(
        address: SocketAddr,
        name: &str,
        version: &'static SupportedProtocolVersion,
        resumes: bool,
    ) -> anyhow::Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[version])?;
        let unverified = Arc::new(Unverified(provider));
        let mut config = builder.dangerous().with_custom_certificate_verifier(unverified).with_no_client_auth();
        config.resumption = if resumes {
            // As a board resumes: it knows no tickets of TLS 1.2.
            Resumption::in_memory_sessions(8).tls12_resumption(Tls12Resumption::SessionIdOnly)
        } else {
            Resumption::disabled()
        };
        let name = ServerName::try_from(name.to_owned())?;
        Ok(Self { address, tls: Some((TlsConnector::from(Arc::new(config)), name)) })
    }

    /// A connection with TCP_NODELAY, from the loopback address `from`.
    pub(crate) async fn open(&self, from: Ipv4Addr) -> anyhow::Result<Box<dyn Stream>> {
        match &self.tls {
            None => Ok(Box::new(self.tcp(from).await?)),
            Some(_) => Ok(Box::new(self.handshake(from).await?)),
        }
    }

    /// As [`Self::open`], for a door that speaks TLS.
    pub(crate) async fn handshake(&self, from: Ipv4Addr) -> anyhow::Result<TlsStream<TcpStream>> {
        let (connector, name) = self.tls.as_ref().context("this door speaks no TLS")?;
        let stream = self.tcp(from).await?;
        connector.connect(name.clone(), stream).await.with_context(|| format!("no TLS with {}", self.address))
    }

    async fn tcp(&self, from: Ipv4Addr) -> anyhow::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((from, 0).into())?;
        let stream = socket.connect(self.address).await;
        let stream = stream.with_context(|| format!("cannot reach MQTT at {} from {from}", self.address))?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

/// An address of its own for each of many clients, as in a house: what is limited for one address is not met.
pub(crate) fn address_of(number: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 1, 0, 0).to_bits() + 1 + number as u32)
}

/// Believes everyone: the client shares the machine with what is measured, and verifying costs more than signing. That
/// boards verify is tested elsewhere.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
