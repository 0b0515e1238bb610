//! What a provider tells of itself, and its keys: asked when they are needed, and kept for a while.

use crate::fetch::{Fetcher, said};
use gatehouse_core::identity::NotVouched;
use openidconnect::core::CoreProviderMetadata;
use openidconnect::{DiscoveryError, IssuerUrl};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

/// How long what it told is used.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// How long it is left alone after it did not answer, and after it was asked for its keys.
const REST: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(crate) struct Discovery {
    issuer: IssuerUrl,
    /// Locked while it is asked: whoever comes meanwhile waits for the same answer.
    known: Mutex<Option<Known>>,
}

#[derive(Debug)]
struct Known {
    /// None when it did not answer.
    metadata: Option<Arc<CoreProviderMetadata>>,
    at: Instant,
}

impl Discovery {
    pub(crate) fn new(issuer: IssuerUrl) -> Self {
        Self { issuer, known: Mutex::new(None) }
    }

    pub(crate) fn issuer(&self) -> &str {
        self.issuer.as_str()
    }

    /// As it was told within the last hour.
    pub(crate) async fn metadata(&self, fetcher: &Fetcher) -> Result<Arc<CoreProviderMetadata>, NotVouched> {
        let known = self.known.lock().await;
        if let Some(Known { metadata, at }) = &*known {
            let life = if metadata.is_some() { LIFE } else { REST };
            if at.elapsed() < life {
                return metadata.clone().ok_or(NotVouched::Unreachable);
            }
        }
        self.ask(known, fetcher).await
    }

    /// Newer than `old`, unless that was told just now.
    pub(crate) async fn anew(
        &self,
        fetcher: &Fetcher,
        old: &Arc<CoreProviderMetadata>,
    ) -> Result<Arc<CoreProviderMetadata>, NotVouched> {
        let known = self.known.lock().await;
        if let Some(Known { metadata: Some(metadata), at }) = &*known
            && (!Arc::ptr_eq(metadata, old) || at.elapsed() < REST)
        {
            return Ok(metadata.clone());
        }
        self.ask(known, fetcher).await
    }

    async fn ask(
        &self,
        mut known: MutexGuard<'_, Option<Known>>,
        fetcher: &Fetcher,
    ) -> Result<Arc<CoreProviderMetadata>, NotVouched> {
        let http = fetcher.client();
        let asked = CoreProviderMetadata::discover_async(self.issuer.clone(), &http).await;
        let metadata = match asked {
            Ok(metadata) => Some(Arc::new(metadata)),
            Err(error) => {
                let why = match &error {
                    DiscoveryError::Request(error) => said(error),
                    error => said(error),
                };
                tracing::warn!(provider = self.issuer(), why, "the provider does not tell how to sign in by it");
                None
            }
        };
        *known = Some(Known { metadata: metadata.clone(), at: Instant::now() });
        metadata.ok_or(NotVouched::Unreachable)
    }
}
