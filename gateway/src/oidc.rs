//! Sign-in by a provider, as far as the owner configured one: the API gets two closures.

use crate::config::{Config, Oidc};
use crate::exit::Failure;
use crate::secret_file;
use gatehouse_oidc::{Error, Provider, Settings, Trust};
use std::sync::Arc;

/// The path that the provider sends people back to.
const CALLBACK: &str = "/oidc/callback";

/// None when no provider is configured. It is asked nothing before somebody wants to sign in by it.
pub(crate) fn open(config: &Config) -> Result<Option<gatehouse_api::Provider>, Failure> {
    let Some(oidc) = &config.oidc else { return Ok(None) };
    let provider = Provider::new(settings(oidc)?).map_err(|error| match (&error, &oidc.ca_file) {
        (Error::NoCertificate | Error::Tls(_), Some(ca)) => {
            Failure::failed(format!("[oidc] ca_file = {:?}: {error}", ca.display().to_string()))
        }
        _ => Failure::failed(format!("[oidc]: {error}")),
    })?;
    let provider = Arc::new(provider);
    let (leaving, arriving) = (provider.clone(), provider);
    Ok(Some(gatehouse_api::Provider {
        name: oidc.name.to_string(),
        issuer: oidc.issuer.clone(),
        origin: oidc.origin.clone(),
        depart: Arc::new(move |trip| {
            let provider = leaving.clone();
            Box::pin(async move { provider.depart(&trip).await })
        }),
        arrive: Arc::new(move |code, trip, now| {
            let provider = arriving.clone();
            Box::pin(async move { provider.arrive(&code, &trip, now).await })
        }),
    }))
}

fn settings(oidc: &Oidc) -> Result<Settings, Failure> {
    let trust = match &oidc.ca_file {
        Some(ca) => Trust::Only(std::fs::read(ca).map_err(|error| {
            Failure::failed(format!("[oidc] ca_file = {:?}: cannot be read: {error}", ca.display().to_string()))
        })?),
        None => Trust::System,
    };
    Ok(Settings {
        issuer: oidc.issuer.clone(),
        client_id: oidc.client_id.clone(),
        client_secret: secret_file::read("[oidc] client_secret_file", &oidc.client_secret_file)?,
        redirect: format!("{}{CALLBACK}", oidc.origin),
        trust,
    })
}
