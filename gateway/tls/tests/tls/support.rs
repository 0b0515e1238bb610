//! A home with its certificates, a client that trusts what it is told to, at a time that the test sets.

use gatehouse_core::time::Wall;
use gatehouse_tls::{Authority, Names, OwnerFiles, Refreshed, Served};
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion};
use std::io::{Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// 2026-03-01.
pub(crate) const NOW_S: u64 = 1_772_323_200;
pub(crate) const DAY_S: u64 = 86_400;
pub(crate) const HOME: &str = "h10000000001";
pub(crate) const BOARDS_NAME: &str = "h10000000001.gatehouse.internal";

pub(crate) fn at(seconds: u64) -> Option<Wall> {
    Some(Wall::from_millis(seconds * 1_000))
}

pub(crate) fn names(hosts: &[&str]) -> Names {
    let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
    Names { hosts, addresses: vec!["127.0.0.1".parse().unwrap(), "fd00::7".parse().unwrap()] }
}

pub(crate) struct Home {
    pub(crate) dir: TempDir,
    pub(crate) served: Served,
}

impl Home {
    /// Claimed, at a time that is known.
    pub(crate) fn new() -> Self {
        let (home, refreshed) = Self::with(None, &names(&["gatehouse.local"]), at(NOW_S));
        assert_eq!(refreshed, Refreshed { renewed: true, ..Refreshed::default() });
        home
    }

    pub(crate) fn with(owner: Option<OwnerFiles>, names: &Names, now: Option<Wall>) -> (Self, Refreshed) {
        let dir = tempfile::tempdir().unwrap();
        let served = Served::new(Authority::open_or_create(dir.path()).unwrap(), owner).unwrap();
        let refreshed = served.refresh(Some(HOME), names, now).unwrap();
        (Self { dir, served }, refreshed)
    }

    /// The same home after a restart of the daemon.
    pub(crate) fn restarted(self) -> Self {
        let Self { dir, served } = self;
        drop(served);
        let served = Served::new(Authority::open_or_create(dir.path()).unwrap(), None).unwrap();
        Self { dir, served }
    }

    pub(crate) fn ca(&self) -> Vec<u8> {
        self.served.authority().certificate_der().to_vec()
    }

    /// A client that trusts this home alone.
    pub(crate) fn client(&self) -> ClientConfig {
        client(&self.ca(), NOW_S)
    }
}

#[derive(Debug)]
struct ConstantTime(u64);

impl TimeProvider for ConstantTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(self.0)))
    }
}

/// A client that trusts one authority, on a certain day.
pub(crate) fn client(ca: &[u8], now_s: u64) -> ClientConfig {
    client_of(ca, now_s, rustls::ALL_VERSIONS)
}

pub(crate) fn client_of(ca: &[u8], now_s: u64, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca.to_vec())).unwrap();
    let time = Arc::new(ConstantTime(now_s));
    let builder = ClientConfig::builder_with_details(Arc::new(ring::default_provider()), time);
    let builder = builder.with_protocol_versions(versions).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.resumption = Resumption::in_memory_sessions(8);
    config
}

/// A connection in memory, and what the server put on the wire.
pub(crate) struct Wire {
    pub(crate) client: ClientConnection,
    pub(crate) server: ServerConnection,
    pub(crate) from_server: Vec<u8>,
}

impl Wire {
    /// Shakes hands.
    pub(crate) fn open(
        client: &Arc<ClientConfig>,
        server: Arc<ServerConfig>,
        name: &str,
    ) -> Result<Self, rustls::Error> {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let client = ClientConnection::new(client.clone(), name).unwrap();
        let server = ServerConnection::new(server).unwrap();
        let mut wire = Self { client, server, from_server: Vec::new() };
        wire.carry()?;
        assert!(!wire.client.is_handshaking() && !wire.server.is_handshaking());
        Ok(wire)
    }

    /// Carries all bytes both ways until neither side has any.
    fn carry(&mut self) -> Result<(), rustls::Error> {
        while self.client.wants_write() || self.server.wants_write() {
            let mut bytes = Vec::new();
            while self.client.wants_write() {
                self.client.write_tls(&mut bytes).unwrap();
            }
            let mut unread = bytes.as_slice();
            while !unread.is_empty() {
                self.server.read_tls(&mut unread).unwrap();
                self.server.process_new_packets()?;
            }
            let mut bytes = Vec::new();
            while self.server.wants_write() {
                self.server.write_tls(&mut bytes).unwrap();
            }
            self.from_server.extend(&bytes);
            let mut unread = bytes.as_slice();
            while !unread.is_empty() {
                self.client.read_tls(&mut unread).unwrap();
                self.client.process_new_packets()?;
            }
        }
        Ok(())
    }

    /// The server says something, and the client has heard it.
    pub(crate) fn say(&mut self, text: &[u8]) {
        self.server.writer().write_all(text).unwrap();
        self.carry().unwrap();
        let mut heard = vec![0; text.len()];
        self.client.reader().read_exact(&mut heard).unwrap();
        assert_eq!(heard, text);
    }

    /// The certificate that the client was given.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        let chain = self.client.peer_certificates().unwrap();
        assert_eq!(chain.len(), 1, "the authority itself is not sent");
        chain[0].to_vec()
    }
}

pub(crate) fn pem(path: &Path) -> Vec<u8> {
    CertificateDer::from_pem_file(path).unwrap().to_vec()
}
