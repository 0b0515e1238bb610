//! A provider for tests that says what it is told to, on loopback, and remembers what it was asked.

use chrono::DateTime;
use openidconnect::core::{
    CoreEdDsaPrivateSigningKey, CoreGenderClaim, CoreIdToken, CoreIdTokenClaims, CoreJsonWebKeySet,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    Audience, ClientId, EmptyAdditionalClaims, IdTokenClaims, IssuerUrl, Nonce, PrivateSigningKey, StandardClaims,
    SubjectIdentifier,
};
use rcgen::{KeyPair, PKCS_ED25519};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(super) const CLIENT: &str = "gatehouse";
pub(super) const SECRET: &str = "secret of the client, of thirty-two bytes";
/// When tokens are made, in seconds since 1970; they are good for an hour.
pub(super) const MADE_AT: i64 = 1_700_000_000;

/// What is answered at a path: a status and a body.
type Answers = HashMap<String, (u16, String)>;

pub(super) struct FakeProvider {
    pub(super) issuer: String,
    answers: Arc<Mutex<Answers>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A key of a provider's.
pub(super) struct Key(CoreEdDsaPrivateSigningKey);

/// What is in a token.
#[derive(Clone)]
pub(super) struct Says {
    pub(super) issuer: String,
    pub(super) audience: Vec<&'static str>,
    pub(super) subject: String,
    pub(super) nonce: Option<String>,
    pub(super) party: Option<&'static str>,
}

impl Key {
    pub(super) fn new(id: &str) -> Self {
        let pem = KeyPair::generate_for(&PKCS_ED25519).unwrap().serialize_pem();
        let id = openidconnect::JsonWebKeyId::new(id.to_owned());
        Self(CoreEdDsaPrivateSigningKey::from_ed25519_pem(&pem, Some(id)).unwrap())
    }

    pub(super) fn sign(&self, says: &Says) -> String {
        token(says, &self.0, CoreJwsSigningAlgorithm::EdDsa)
    }
}

/// A token, signed with any kind of key.
pub(super) fn token<K>(says: &Says, key: &K, algorithm: CoreJwsSigningAlgorithm) -> String
where
    K: PrivateSigningKey,
    K::VerificationKey: openidconnect::JsonWebKey<SigningAlgorithm = CoreJwsSigningAlgorithm>,
{
    let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
    let audience = says.audience.iter().map(|&audience| Audience::new(audience.to_owned())).collect();
    let subject = StandardClaims::<CoreGenderClaim>::new(SubjectIdentifier::new(says.subject.clone()));
    let issuer = IssuerUrl::new(says.issuer.clone()).unwrap();
    let none = EmptyAdditionalClaims {};
    let claims: CoreIdTokenClaims =
        IdTokenClaims::new(issuer, audience, at(MADE_AT + 3_600), at(MADE_AT), subject, none);
    let claims = claims.set_nonce(says.nonce.clone().map(Nonce::new));
    let claims = claims.set_authorized_party(says.party.map(|party| ClientId::new(party.to_owned())));
    let token: openidconnect::IdToken<
        EmptyAdditionalClaims,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    > = CoreIdToken::new(claims, key, algorithm, None, None).unwrap();
    token.to_string()
}

impl FakeProvider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (answers, asked) = (Arc::<Mutex<Answers>>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (says, hears) = (answers.clone(), asked.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, says.clone(), hears.clone()));
            }
        });
        Self { issuer, answers, asked }
    }

    /// One that tells of itself as a provider does, and of this key.
    pub(super) async fn with(key: &Key) -> Self {
        let provider = Self::start().await;
        provider.tells(json!({}));
        provider.tells_of(key);
        provider
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.issuer.strip_prefix("http://").unwrap().parse().unwrap()
    }

    pub(super) fn answers(&self, path: &str, status: u16, body: &str) {
        self.answers.lock().unwrap().insert(path.to_owned(), (status, body.to_owned()));
    }

    /// Its metadata, but for these.
    pub(super) fn tells(&self, otherwise: Value) {
        let issuer = &self.issuer;
        let mut metadata = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        });
        for (key, value) in otherwise.as_object().unwrap() {
            metadata[key] = value.clone();
        }
        self.answers("/.well-known/openid-configuration", 200, &metadata.to_string());
    }

    pub(super) fn tells_of(&self, key: &Key) {
        let keys: CoreJsonWebKeySet = CoreJsonWebKeySet::new(vec![key.0.as_verification_key()]);
        self.answers("/keys", 200, &serde_json::to_string(&keys).unwrap());
    }

    pub(super) fn gives(&self, id_token: &str) {
        let tokens = json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token });
        self.answers("/token", 200, &tokens.to_string());
    }

    /// What it was asked at this path: whole requests.
    pub(super) fn asked(&self, path: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|request| request.split(' ').nth(1) == Some(path)).cloned().collect()
    }
}

async fn answer(mut stream: TcpStream, answers: Arc<Mutex<Answers>>, asked: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    while !is_whole(&request) {
        let mut more = [0; 4_096];
        match stream.read(&mut more).await {
            Ok(count) if count > 0 => request.extend_from_slice(&more[..count]),
            _ => return,
        }
    }
    let request = String::from_utf8(request).unwrap();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    asked.lock().unwrap().push(request);
    let found = answers.lock().unwrap().get(&path).cloned();
    let (status, body) = found.unwrap_or((404, String::new()));
    if status == 0 {
        // Never answers.
        std::future::pending::<()>().await;
    }
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nlocation: /elsewhere\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let _gone = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await;
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}
