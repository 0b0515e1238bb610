//! Sends people to an OpenID Connect provider that vouches for them, and tells who they are there.
//!
//! **Invariants.** Nothing is asked of the provider before somebody wants to sign in by it, so a home starts and works without it.
//! What is fetched comes from where the owner says and from where that points, over TLS unless it is this very machine, within a
//! deadline and a bound. Nothing that a provider says is believed but who somebody is there: no name, no address is even asked
//! for. Secrets, codes and tokens are never logged.

mod discovery;
mod fetch;
mod id_token;

use discovery::Discovery;
use fetch::{Fetcher, said};
use gatehouse_core::identity::{Identity, NotVouched, Trip};
use gatehouse_core::time::Wall;
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreProviderMetadata};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError,
};
use std::fmt;
use std::time::Duration;

/// How long one question to a provider may take, from the connection to the end of the answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest code that a provider gives, in bytes.
const MAX_CODE: usize = 4 * 1024;

/// Whose certificates are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Those of the authorities that the system knows.
    System,
    /// Those of these authorities only, in PEM.
    Only(Vec<u8>),
}

/// The provider, and who this gateway is to it.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Its issuer: an https URL, or an http one of this machine.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// How it knows that it is us.
    pub client_secret: String,
    /// Where it sends people back to: a URL that it knows already.
    pub redirect: String,
    /// Whose certificates are believed.
    pub trust: Trust,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

/// Why a provider cannot be asked as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What must be a URL is none.
    #[error("{0:?} is no URL")]
    NoUrl(String),
    /// The authority's file holds no certificate.
    #[error("there is no certificate in PEM in it")]
    NoCertificate,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// A provider. Nothing is asked of it yet.
#[derive(Debug)]
pub struct Provider {
    client_id: ClientId,
    client_secret: ClientSecret,
    redirect: RedirectUrl,
    fetcher: Fetcher,
    discovery: Discovery,
}

/// A client whose endpoints the provider's metadata name.
type Client = CoreClient<
    openidconnect::EndpointSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointNotSet,
    openidconnect::EndpointMaybeSet,
    openidconnect::EndpointMaybeSet,
>;

impl Provider {
    /// The provider of these settings.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Self::patient(settings, PATIENCE)
    }

    /// The same, with so much time for one question.
    fn patient(settings: Settings, patience: Duration) -> Result<Self, Error> {
        let Settings { issuer, client_id, client_secret, redirect, trust } = settings;
        let issuer = IssuerUrl::new(issuer.clone()).map_err(|_| Error::NoUrl(issuer))?;
        let redirect = RedirectUrl::new(redirect.clone()).map_err(|_| Error::NoUrl(redirect))?;
        Ok(Self {
            client_id: ClientId::new(client_id),
            client_secret: ClientSecret::new(client_secret),
            redirect,
            fetcher: Fetcher::new(&trust, patience)?,
            discovery: Discovery::new(issuer),
        })
    }

    /// Where to send somebody for this trip.
    pub async fn depart(&self, trip: &Trip) -> Result<String, NotVouched> {
        let metadata = self.discovery.metadata(&self.fetcher).await?;
        let verifier = PkceCodeVerifier::new(trip.verifier.clone());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier);
        let (state, nonce) = (trip.state.clone(), trip.nonce.clone());
        let client = self.client(&metadata);
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, || CsrfToken::new(state), || Nonce::new(nonce));
        let (url, _, _) = request.set_pkce_challenge(challenge).url();
        Ok(url.into())
    }

    /// Who somebody is who came back from this trip with this code. `now` is none while the clock cannot be believed: then
    /// that what the provider says was said for this trip is all that tells its age.
    pub async fn arrive(&self, code: &str, trip: &Trip, now: Option<Wall>) -> Result<Identity, NotVouched> {
        if code.len() > MAX_CODE {
            return Err(NotVouched::Refused);
        }
        let metadata = self.discovery.metadata(&self.fetcher).await?;
        let token = self.trade_in(&self.client(&metadata), code, trip).await?;
        let checked = id_token::check(&token, &metadata, &self.client_id, &trip.nonce, now);
        let checked = match checked {
            // It signs with another key since: once more with those that it has now.
            Err(id_token::Doubt::UnknownKey) => {
                let metadata = self.discovery.anew(&self.fetcher, &metadata).await?;
                id_token::check(&token, &metadata, &self.client_id, &trip.nonce, now)
            }
            checked => checked,
        };
        checked.map_err(|why| {
            tracing::warn!(provider = self.discovery.issuer(), %why, "what a provider says of someone is not believed");
            NotVouched::Refused
        })
    }

    fn client(&self, metadata: &CoreProviderMetadata) -> Client {
        let methods = metadata.token_endpoint_auth_methods_supported();
        let takes = |method| methods.is_some_and(|methods| methods.contains(&method));
        // What every provider takes that does not say otherwise (OpenID Connect Discovery 1.0, 3).
        let in_header =
            takes(CoreClientAuthMethod::ClientSecretBasic) || !takes(CoreClientAuthMethod::ClientSecretPost);
        let auth = if in_header { AuthType::BasicAuth } else { AuthType::RequestBody };
        let secret = Some(self.client_secret.clone());
        CoreClient::from_provider_metadata(metadata.clone(), self.client_id.clone(), secret)
            .set_auth_type(auth)
            .set_redirect_uri(self.redirect.clone())
    }

    /// The ID token for a code.
    async fn trade_in(
        &self,
        client: &Client,
        code: &str,
        trip: &Trip,
    ) -> Result<openidconnect::core::CoreIdToken, NotVouched> {
        let provider = self.discovery.issuer();
        let Ok(request) = client.exchange_code(AuthorizationCode::new(code.to_owned())) else {
            tracing::warn!(provider, "the provider names no token endpoint");
            return Err(NotVouched::Unreachable);
        };
        let http = self.fetcher.client();
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(trip.verifier.clone()));
        match request.request_async(&http).await {
            Ok(tokens) => tokens.extra_fields().id_token().cloned().ok_or_else(|| {
                tracing::warn!(provider, "the provider gives no ID token");
                NotVouched::Refused
            }),
            Err(RequestTokenError::ServerResponse(refused)) => {
                tracing::warn!(provider, error = %refused.error().as_ref(), "the provider takes no code for tokens");
                Err(NotVouched::Refused)
            }
            Err(RequestTokenError::Request(error)) => {
                tracing::warn!(provider, error = said(&error), "the provider cannot be asked for tokens");
                Err(NotVouched::Unreachable)
            }
            // What it answers may hold tokens, and its errors quote it.
            Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => {
                tracing::warn!(provider, "the provider answers something else than tokens");
                Err(NotVouched::Unreachable)
            }
        }
    }
}

#[cfg(test)]
mod tests;
