//! The home's certificates: made at start, and kept up to date with names, addresses and the clock while the daemon runs.

use crate::config::{self, Config};
use anyhow::Context;
use gatehouse_core::notice::NoticeKind;
use gatehouse_hub::Hub;
use gatehouse_seal::Seal;
use gatehouse_tls::{Authority, Names, OwnerError, OwnerFiles, Served};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Where they lie, in the data directory.
const DIRECTORY: &str = "tls";
/// How often names, addresses and the clock are looked at again. An address that changed is vouched for a minute later.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What is served, and what it has to name.
#[derive(Clone, Debug)]
pub(crate) struct Certificates {
    served: Arc<Served>,
    hosts: Vec<String>,
    hub: Hub,
    /// Why the owner's own could not be used when it was looked at last.
    problem: Option<OwnerError>,
}

impl Certificates {
    /// Opens the home's authority, made when missing, and makes what is to be served.
    pub(crate) fn open(config: &Config, seal: &Seal, hub: Hub) -> anyhow::Result<Self> {
        let authority = Authority::open_sealed(&config.data_dir.join(DIRECTORY), seal)?;
        let owner = config.certificate.clone().map(|files| OwnerFiles { chain: files.chain, key: files.key });
        let served = Arc::new(Served::new(authority, owner).context("cannot set up TLS")?);
        Self { served, hosts: hosts(config), hub, problem: None }.refreshed()
    }

    pub(crate) fn served(&self) -> &Served {
        &self.served
    }

    /// Names that people may call this machine by.
    pub(crate) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The authority's certificate, as PEM.
    pub(crate) fn authority_path(&self) -> &Path {
        self.served.authority().certificate_path()
    }

    /// Brings them up to date until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.tick().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = look.tick() => {}
            }
            let certificates = self.clone();
            match tokio::task::spawn_blocking(move || certificates.refreshed()).await {
                Ok(Ok(refreshed)) => self = refreshed,
                Ok(Err(error)) => tracing::error!("certificates could not be brought up to date: {error:#}"),
                Err(error) => tracing::error!(%error, "certificates could not be brought up to date"),
            }
        }
    }

    fn refreshed(self) -> anyhow::Result<Self> {
        let names = Names { hosts: self.hosts.clone(), addresses: addresses() };
        let (home, now) = (self.served.authority().home(), self.hub.now().stamp());
        let refreshed = self.served.refresh(Some(&home), &names, now)?;
        if refreshed.renewed {
            tracing::info!("a new certificate for people is served");
        }
        for name in refreshed.left_out {
            tracing::debug!(name, "no certificate is good for this name");
        }
        let problem = refreshed.owner_problem;
        // Whether one has expired is known with the time: before that, what an earlier start told is not taken back.
        if problem.is_some() || self.problem.is_some() || now.is_some() {
            let why = problem.as_ref().map(|problem| problem.to_string().into());
            if self.hub.tell_because(NoticeKind::CertificateUnusable, why).is_err() {
                tracing::warn!("the owner could not be told how their certificate is");
            }
        }
        if let Some(problem) = problem.as_ref().filter(|_| problem != self.problem) {
            tracing::error!("your own certificate cannot be used: {problem}");
        }
        Ok(Self { problem, ..self })
    }
}

/// Names that people may call this machine by.
fn hosts(config: &Config) -> Vec<String> {
    let mut hosts = vec!["localhost".to_owned(), format!("{}.local", config.mdns_hostname)];
    if let Ok(name) = std::fs::read_to_string("/proc/sys/kernel/hostname") {
        let name = name.trim().to_lowercase();
        if !name.contains('.') && !name.is_empty() {
            hosts.push(format!("{name}.local"));
        }
    }
    hosts.extend(config.public_name.as_deref().map(config::host));
    hosts
}

fn addresses() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces.into_iter().map(|interface| interface.ip()).collect(),
        Err(error) => {
            tracing::warn!(%error, "the machine's addresses are not known");
            Vec::new()
        }
    }
}
