//! What the listeners are given.

use crate::error::{OwnerError, RefreshError};
use crate::leaf::Leaf;
use crate::names::{Names, Sorted, board_server_name};
use crate::owner::OwnerFiles;
use crate::renewal::{self, Reason};
use crate::resolver::{Certificates, Resolver};
use crate::{Authority, files};
use gatehouse_core::time::Wall;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::ServerSessionMemoryCache;
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, ServerConfig};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The longest record that the MQTT server sends, in bytes of payload. rustls does not negotiate it, so boards fix their
/// receive buffer to it.
pub const SMALL_RECORD_BYTES: usize = 512;
/// The certificate for people and its key, beside the authority: PEM, kept so that whoever accepted it by hand need not do
/// so again at every start.
pub const WEB_FILE: &str = "web.pem";
/// What it is called where it is sealed.
const WEB_NAME: &str = "tls/web.pem";
/// Sessions that boards may resume: a whole house after a power cut.
const BOARD_SESSIONS: usize = 1_024;

/// What bringing the certificates up to date has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refreshed {
    /// Whether people get another certificate from now on.
    pub renewed: bool,
    /// Wanted names that no certificate served is good for: they lie outside what the home's authority may vouch for, and
    /// the owner's own certificate does not have them.
    pub left_out: Vec<String>,
    /// Why the owner's own certificate is not served, or the one before still is.
    pub owner_problem: Option<OwnerError>,
}

/// The certificates of a home, and the two server configurations that hand them out.
///
/// Who asks for the boards' name gets the boards' certificate; who asks for a name that the owner's own certificate has, or
/// dialled an address and it has any, gets that; all others get the one that the home's authority makes for people.
pub struct Served {
    authority: Authority,
    file: PathBuf,
    owner: Option<OwnerFiles>,
    provider: Arc<CryptoProvider>,
    resolver: Arc<Resolver>,
    mqtt: Arc<ServerConfig>,
    https: Arc<ServerConfig>,
    /// One at a time brings certificates up to date.
    refreshing: Mutex<()>,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl Served {
    /// Nothing is served before the first [`Served::refresh`]: handshakes fail until then.
    ///
    /// # Errors
    /// When the system gives no randomness for the keys that session tickets are sealed with.
    pub fn new(authority: Authority, owner: Option<OwnerFiles>) -> Result<Self, RefreshError> {
        let provider = Arc::new(ring::default_provider());
        let resolver = Arc::new(Resolver::default());
        let mqtt = Arc::new(mqtt_config(&resolver)?);
        let https = Arc::new(https_config(&provider, &resolver)?);
        let file = authority.certificate_path().with_file_name(WEB_FILE);
        Ok(Self { authority, file, owner, provider, resolver, mqtt, https, refreshing: Mutex::new(()) })
    }

    /// The home's authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// For MQTT: TLS 1.2 and 1.3, records of at most [`SMALL_RECORD_BYTES`], ChaCha20-Poly1305 first, which boards and a Pi
    /// compute fastest; sessions can be resumed, without early data.
    pub fn mqtt(&self) -> Arc<ServerConfig> {
        self.mqtt.clone()
    }

    /// For people: TLS 1.2 and 1.3, HTTP/1.1 by ALPN; sessions can be resumed, without early data.
    pub fn https(&self) -> Arc<ServerConfig> {
        self.https.clone()
    }

    /// Brings what is served up to date: call it at start, when the home is claimed, when a name or an address changes,
    /// when the clock becomes trusted, and every hour. `home` is the home's id in lower case, none before there is one;
    /// `now` is the wall clock when it can be believed. New handshakes get the new certificates, open connections go on.
    ///
    /// Reads and may write small files: keep it off the threads that serve. A certificate that cannot be saved is served
    /// all the same.
    ///
    /// # Errors
    /// When a certificate cannot be made; what was served before still is.
    pub fn refresh(&self, home: Option<&str>, names: &Names, now: Option<Wall>) -> Result<Refreshed, RefreshError> {
        let _one_at_a_time = self.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = names.sort();
        let Certificates { boards, people, owner } = self.resolver.get();
        let boards = self.for_boards(boards, home)?;
        let (people, renewed) = self.for_people(people, &wanted, now)?;
        let (owner, owner_problem) = match self.owner.as_ref().map(|files| files.load(&self.provider, now)) {
            None => (None, None),
            Some(Ok(loaded)) => (Some(Arc::new(loaded)), None),
            // A renewal may be half done: better the one before than none.
            Some(Err(problem)) => (owner, Some(problem)),
        };
        let covered = |name: &String| owner.as_ref().is_some_and(|owner| owner.covers(name));
        let left_out = wanted.left_out.into_iter().filter(|name| !covered(name)).collect();
        self.resolver.set(Certificates { boards, people: Some(people), owner });
        Ok(Refreshed { renewed, left_out, owner_problem })
    }

    fn for_boards(
        &self,
        served: Option<(String, Arc<CertifiedKey>)>,
        home: Option<&str>,
    ) -> Result<Option<(String, Arc<CertifiedKey>)>, RefreshError> {
        let Some(home) = home else { return Ok(None) };
        let name = board_server_name(home).ok_or_else(|| RefreshError::BadHome(home.to_owned()))?;
        if served.as_ref().is_some_and(|(served, _)| *served == name) {
            return Ok(served);
        }
        let certified = Leaf::for_boards(&self.authority, &name)?.certified(&self.provider)?;
        Ok(Some((name, Arc::new(certified))))
    }

    /// Second: whether it is another one than before.
    fn for_people(
        &self,
        served: Option<Arc<CertifiedKey>>,
        wanted: &Sorted,
        now: Option<Wall>,
    ) -> Result<(Arc<CertifiedKey>, bool), RefreshError> {
        if let Some(certified) =
            served.or_else(|| self.kept()).filter(|served| self.reason(served, wanted, now).is_none())
        {
            return Ok((certified, false));
        }
        let (leaf, pem) = Leaf::for_people(&self.authority, wanted, renewal::period(now))?;
        let certified = Arc::new(leaf.certified(&self.provider)?);
        self.save(pem.as_bytes());
        Ok((certified, true))
    }

    fn save(&self, pem: &[u8]) {
        let closed = self.authority.seal().close(WEB_NAME, pem);
        if let Err(error) = closed.and_then(|closed| files::write(&self.file, &closed, files::PRIVATE)) {
            tracing::warn!(file = %self.file.display(), %error, "the certificate for browsers could not be saved");
        }
    }

    /// What an earlier start has made. It can be made anew, so one that cannot be read counts as none.
    fn kept(&self) -> Option<Arc<CertifiedKey>> {
        let file = files::read(&self.file).ok().flatten()?;
        let pem = self.authority.seal().open(WEB_NAME, &file).ok()?;
        if self.authority.seal().is_due(&file) {
            self.save(&pem);
        }
        let leaf = Leaf::from_pem(&pem)?;
        let ours = leaf.said().is_ok_and(|said| said.issuer == self.authority.name());
        leaf.certified(&self.provider).ok().filter(|_| ours).map(Arc::new)
    }

    fn reason(&self, served: &CertifiedKey, wanted: &Sorted, now: Option<Wall>) -> Option<Reason> {
        let said = served.end_entity_cert().ok().and_then(|der| crate::leaf::Said::read(der).ok());
        said.map_or(Some(Reason::Age), |said| renewal::reason(&said, wanted, now))
    }
}

fn https_config(provider: &Arc<CryptoProvider>, resolver: &Arc<Resolver>) -> Result<ServerConfig, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver.clone());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}

fn mqtt_config(resolver: &Arc<Resolver>) -> Result<ServerConfig, rustls::Error> {
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| match suite.suite() {
        CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => 0,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => 1,
        CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => 2,
        _ => 3,
    });
    let builder = ServerConfig::builder_with_provider(Arc::new(provider)).with_safe_default_protocol_versions()?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(resolver.clone());
    config.ignore_client_order = true;
    config.max_fragment_size = Some(SMALL_RECORD_BYTES);
    config.session_storage = ServerSessionMemoryCache::new(BOARD_SESSIONS);
    config.ticketer = ring::Ticketer::new()?;
    Ok(config)
}
