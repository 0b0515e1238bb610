//! What a provider signs of somebody: whether it is to be believed.

use gatehouse_core::identity::Identity;
use gatehouse_core::time::Wall;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Signed, CoreProviderMetadata};
use openidconnect::{ClaimsVerificationError, ClientId, Nonce, SignatureVerificationError};

/// Signatures that are believed: those for which only the provider has the key. None that our own secret makes.
const SIGNATURES: [Signed; 9] = [
    Signed::RsaSsaPkcs1V15Sha256,
    Signed::RsaSsaPkcs1V15Sha384,
    Signed::RsaSsaPkcs1V15Sha512,
    Signed::RsaSsaPssSha256,
    Signed::RsaSsaPssSha384,
    Signed::RsaSsaPssSha512,
    Signed::EcdsaP256Sha256,
    Signed::EcdsaP384Sha384,
    Signed::EdDsa,
];

/// Why an ID token is not believed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Doubt {
    #[error("it is signed with a key that the provider does not tell of")]
    UnknownKey,
    #[error("{0}")]
    Claims(ClaimsVerificationError),
    #[error("it was made for another client")]
    OtherParty,
    #[error("it names nobody who could be kept")]
    Nobody,
}

/// Whom an ID token is about, when this provider made it for us and for this trip.
pub(crate) fn check(
    token: &CoreIdToken,
    metadata: &CoreProviderMetadata,
    client_id: &ClientId,
    nonce: &str,
    now: Option<Wall>,
) -> Result<Identity, Doubt> {
    let (issuer, keys) = (metadata.issuer().clone(), metadata.jwks().clone());
    let verifier = CoreIdTokenVerifier::new_public_client(client_id.clone(), issuer, keys);
    // While the clock cannot be believed nothing is over; the nonce was drawn for this trip, minutes ago.
    let millis = now.and_then(|now| i64::try_from(now.as_millis()).ok()).unwrap_or_default();
    let now = chrono::DateTime::from_timestamp_millis(millis).unwrap_or_default();
    let verifier = verifier.set_allowed_algs(SIGNATURES).set_time_fn(move || now);
    let claims = token.claims(&verifier, &Nonce::new(nonce.to_owned())).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => Doubt::UnknownKey,
        error => Doubt::Claims(error),
    })?;
    if claims.authorized_party().is_some_and(|party| party != client_id) {
        return Err(Doubt::OtherParty);
    }
    Identity::new(metadata.issuer().as_str(), claims.subject().as_str()).ok_or(Doubt::Nobody)
}
