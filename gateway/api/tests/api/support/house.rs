//! A gateway that is met in every way: unencrypted, over TLS, and at its doorway.

use super::gateway::{listener, settings};
use super::ws::Connection;
use super::{Client, Gateway, within};
use gatehouse_api::{Ca, Doorway, Limits, Serve, Settings};
use gatehouse_tls::{Authority, Names, Served};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use std::net::SocketAddr;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) struct House {
    pub(crate) gateway: Gateway,
    pub(crate) served: Served,
    pub(crate) https: SocketAddr,
    pub(crate) doorway: SocketAddr,
    _dir: TempDir,
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::open_or_create(dir.path()).unwrap();
        let ca = Ca {
            der: authority.certificate_der().to_vec(),
            fingerprint: authority.fingerprint().to_string(),
            name: authority.name().to_owned(),
        };
        let served = Served::new(authority, None).unwrap();
        refresh(&served, &[]);
        let plain = listener(Serve::Everything).await;
        let tls = listener(Serve::EverythingOverTls(served.https())).await;
        let https = tls.socket.local_addr().unwrap();
        let door = listener(Serve::Doorway(Doorway { https_port: https.port() })).await;
        let doorway = door.socket.local_addr().unwrap();
        let settings = Settings { ca: Some(ca), limits, ..settings() };
        let gateway = Gateway::on(vec![plain, tls, door], settings).await;
        Self { gateway, served, https, doorway, _dir: dir }
    }

    /// Asks over TLS, and trusts nothing but the home's authority.
    pub(crate) fn client(&self) -> Client {
        Client::over_tls(self.https, self.trust())
    }

    /// Asks at the doorway.
    pub(crate) fn stranger(&self) -> Client {
        Client::new(self.doorway)
    }

    pub(crate) fn trust(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(self.served.authority().certificate_der().to_vec())).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// An encrypted connection on which nothing has been said yet.
    pub(crate) async fn connect(&self) -> TlsStream<TcpStream> {
        let stream = TcpStream::connect(self.https).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let connecting = TlsConnector::from(self.trust()).connect(self.https.ip().into(), stream);
        within("the handshake", connecting).await.unwrap()
    }

    pub(crate) async fn connection(&self) -> Box<dyn Connection> {
        Box::new(self.connect().await)
    }

    /// Gives the gateway more names; those who connect from now on see them.
    pub(crate) fn also_named(&self, hosts: &[&str]) {
        refresh(&self.served, hosts);
    }
}

fn refresh(served: &Served, hosts: &[&str]) {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    let names = Names { hosts, addresses: vec!["127.0.0.1".parse().unwrap()] };
    let refreshed = served.refresh(None, &names, None).unwrap();
    assert!(refreshed.renewed);
}
