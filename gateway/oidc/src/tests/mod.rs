//! Against a provider that lies.

mod provider;

use super::*;
use openidconnect::core::{CoreHmacKey, CoreJwsSigningAlgorithm};
use provider::{CLIENT, FakeProvider, Key, MADE_AT, SECRET, Says, token};
use serde_json::json;
use std::sync::Arc;

fn trip() -> Trip {
    Trip { state: "a".repeat(64), nonce: "b".repeat(64), verifier: "c".repeat(64) }
}

/// When a token was made, and later.
fn after(seconds: i64) -> Option<Wall> {
    Some(Wall::from_millis(u64::try_from((MADE_AT + seconds) * 1_000).unwrap()))
}

fn settings(issuer: &str) -> Settings {
    Settings {
        issuer: issuer.to_owned(),
        client_id: CLIENT.to_owned(),
        client_secret: SECRET.to_owned(),
        redirect: "https://home.example.org/oidc/callback".to_owned(),
        trust: Trust::System,
    }
}

fn of(fake: &FakeProvider) -> Provider {
    Provider::new(settings(&fake.issuer)).unwrap()
}

fn honest(fake: &FakeProvider) -> Says {
    Says {
        issuer: fake.issuer.clone(),
        audience: vec![CLIENT],
        subject: "ana".to_owned(),
        nonce: Some(trip().nonce),
        party: None,
    }
}

#[tokio::test]
async fn people_go_with_state_nonce_and_challenge_and_come_back_as_who_they_are() {
    let key = Key::new("1");
    let fake = FakeProvider::with(&key).await;
    let provider = Arc::new(of(&fake));
    // From thread to thread, as the daemon asks it.
    let leaving = provider.clone();
    let url = tokio::spawn(async move { leaving.depart(&trip()).await }).await.unwrap().unwrap();
    let (place, query) = url.split_once('?').unwrap();
    assert_eq!(place, format!("{}/authorize", fake.issuer));
    let part =
        |name: &str| query.split('&').find_map(|part| part.strip_prefix(&format!("{name}="))).unwrap_or_default();
    assert_eq!((part("response_type"), part("client_id"), part("scope")), ("code", CLIENT, "openid"));
    assert_eq!((part("state"), part("nonce")), (&*trip().state, &*trip().nonce));
    assert_eq!((part("code_challenge_method"), part("code_challenge").len()), ("S256", 43));
    assert_eq!(part("redirect_uri"), "https%3A%2F%2Fhome.example.org%2Foidc%2Fcallback");
    assert!(!url.contains(&trip().verifier));

    fake.gives(&key.sign(&honest(&fake)));
    let arriving = provider.clone();
    let arrived = tokio::spawn(async move { arriving.arrive("the code", &trip(), after(1)).await });
    let identity = arrived.await.unwrap().unwrap();
    assert_eq!((identity.issuer(), identity.subject()), (fake.issuer.as_str(), "ana"));
    let asked = fake.asked("/token");
    for part in
        ["authorization: Basic ", &format!("code_verifier={}", trip().verifier), "code=the+code", "host: 127.0.0.1"]
    {
        assert!(asked[0].contains(part), "{part}: {}", asked[0]);
    }
    assert_eq!(fake.asked("/.well-known/openid-configuration").len(), 1, "what it tells of itself is kept");
}

#[tokio::test]
async fn a_provider_may_want_the_secret_in_the_body() {
    let key = Key::new("1");
    let fake = FakeProvider::with(&key).await;
    fake.tells(json!({ "token_endpoint_auth_methods_supported": ["client_secret_post"] }));
    fake.gives(&key.sign(&honest(&fake)));
    of(&fake).arrive("code", &trip(), after(1)).await.unwrap();
    let asked = fake.asked("/token");
    assert!(asked[0].contains("client_secret=") && !asked[0].contains("Basic"), "{}", asked[0]);
}

#[tokio::test]
async fn what_was_not_said_by_it_to_us_for_this_trip_is_not_believed() {
    let (key, other) = (Key::new("1"), Key::new("1"));
    let fake = FakeProvider::with(&key).await;
    let provider = of(&fake);
    let says = honest(&fake);
    let signed = key.sign(&says);
    let payload = signed.split('.').nth(1).unwrap();
    let hmac = CoreHmacKey::new(SECRET);
    let sign = |says: Says| key.sign(&says);
    for (why, token) in [
        ("another nonce", sign(Says { nonce: Some("other".to_owned()), ..says.clone() })),
        ("no nonce", sign(Says { nonce: None, ..says.clone() })),
        ("another audience", sign(Says { audience: vec!["someone-else"], ..says.clone() })),
        ("an audience more", sign(Says { audience: vec![CLIENT, "someone-else"], ..says.clone() })),
        ("another party", sign(Says { party: Some("someone-else"), ..says.clone() })),
        ("another issuer", sign(Says { issuer: "https://evil.example".to_owned(), ..says.clone() })),
        ("nobody", sign(Says { subject: String::new(), ..says.clone() })),
        ("too long a subject", sign(Says { subject: "x".repeat(256), ..says.clone() })),
        ("another's key", other.sign(&says)),
        ("our own secret", token(&says, &hmac, CoreJwsSigningAlgorithm::HmacSha256)),
        ("no signature", format!("eyJhbGciOiJub25lIn0.{payload}.")),
    ] {
        fake.gives(&token);
        assert_eq!(provider.arrive("code", &trip(), after(1)).await, Err(NotVouched::Refused), "{why}");
    }
    fake.gives(&signed);
    assert_eq!(provider.arrive("code", &trip(), after(3_601)).await, Err(NotVouched::Refused), "it is over");
    assert!(provider.arrive("code", &trip(), after(3_599)).await.is_ok());
    assert!(provider.arrive("code", &trip(), None).await.is_ok(), "by a clock that is not believed nothing is over");
    assert_eq!(provider.arrive(&"x".repeat(4_097), &trip(), after(1)).await, Err(NotVouched::Refused));
}

#[tokio::test]
async fn a_new_key_of_the_provider_is_asked_for_once() {
    let (old, new) = (Key::new("1"), Key::new("2"));
    let fake = FakeProvider::with(&old).await;
    let provider = of(&fake);
    provider.depart(&trip()).await.unwrap();
    fake.tells_of(&new);
    fake.gives(&new.sign(&honest(&fake)));
    assert_eq!(
        provider.arrive("code", &trip(), after(1)).await,
        Err(NotVouched::Refused),
        "its keys were told just now"
    );
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    assert!(provider.arrive("code", &trip(), after(1)).await.is_ok());
    assert_eq!(fake.asked("/keys").len(), 2);
}

#[tokio::test]
async fn whoever_does_not_tell_of_itself_as_a_provider_is_none_and_is_left_alone_for_a_while() {
    let key = Key::new("1");
    for (otherwise, status) in [
        (json!({ "issuer": "https://evil.example" }), 200),
        (json!({ "jwks_uri": "http://192.0.2.1/keys" }), 200),
        (json!({ "token_endpoint": 7 }), 200),
        (json!({ "x": "x".repeat(300_000) }), 200),
        (json!({}), 302),
        (json!({}), 500),
    ] {
        let fake = FakeProvider::with(&key).await;
        fake.tells(otherwise.clone());
        if status != 200 {
            fake.answers("/.well-known/openid-configuration", status, "{}");
        }
        let provider = of(&fake);
        for _ in 0..3 {
            assert_eq!(provider.depart(&trip()).await, Err(NotVouched::Unreachable), "{status}");
        }
        assert_eq!(fake.asked("/.well-known/openid-configuration").len(), 1, "{status}");
        assert!(fake.asked("/elsewhere").is_empty(), "no redirection is followed");
    }
    let fake = FakeProvider::with(&key).await;
    fake.tells(json!({ "token_endpoint": "http://192.0.2.1/token" }));
    let provider = of(&fake);
    assert_eq!(provider.arrive("code", &trip(), after(1)).await, Err(NotVouched::Unreachable), "not over TLS");
}

#[tokio::test]
async fn a_provider_that_is_silent_or_gone_is_given_up() {
    let fake = FakeProvider::start().await;
    fake.answers("/.well-known/openid-configuration", 0, "");
    let silent = Provider::patient(settings(&fake.issuer), Duration::from_millis(50)).unwrap();
    assert_eq!(silent.depart(&trip()).await, Err(NotVouched::Unreachable));
    let gone = Provider::new(settings("http://127.0.0.1:1")).unwrap();
    assert_eq!(gone.depart(&trip()).await, Err(NotVouched::Unreachable));
    let plain = Provider::new(settings(&format!("https://{}", fake.address()))).unwrap();
    assert_eq!(plain.depart(&trip()).await, Err(NotVouched::Unreachable), "it speaks no TLS");
}

#[tokio::test]
async fn a_code_that_is_not_taken_lets_nobody_in() {
    let key = Key::new("1");
    let fake = FakeProvider::with(&key).await;
    let provider = of(&fake);
    for (status, body, why) in [
        (400, r#"{"error":"invalid_grant"}"#, NotVouched::Refused),
        (200, r#"{"access_token":"x","token_type":"Bearer"}"#, NotVouched::Refused),
        (200, r#"{"access_token":"x","token_type":"Bearer","id_token":"x.y.z"}"#, NotVouched::Unreachable),
        (200, "<html>", NotVouched::Unreachable),
        (502, "", NotVouched::Unreachable),
    ] {
        fake.answers("/token", status, body);
        assert_eq!(provider.arrive("code", &trip(), after(1)).await, Err(why), "{status} {body}");
    }
}

#[test]
fn what_cannot_be_asked_is_told_at_once() {
    let bad = |settings| Provider::new(settings).unwrap_err().to_string();
    let usual = || settings("https://accounts.example.org");
    assert!(bad(settings("accounts")).contains("no URL"));
    assert!(bad(Settings { redirect: "/oidc/callback".to_owned(), ..usual() }).contains("no URL"));
    for pem in [&b""[..], b"x", b"-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"] {
        assert!(Provider::new(Settings { trust: Trust::Only(pem.to_vec()), ..usual() }).is_err(), "{pem:?}");
    }
    assert!(!format!("{:?} {:?}", usual(), Provider::new(usual()).unwrap()).contains(SECRET));
}
