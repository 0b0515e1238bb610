//! What a browser can be made to do to the running daemon by somebody else's page.

use gatehouse_e2e::{Client, Home, HttpAnswer, OWNER, PASSWORD};
use serde_json::{Value, json};

const ROOMS: &str = "{ rooms { name } }";

/// A browser: all that it sends along by itself, with every request.
struct Browser {
    client: Client,
    origin: Option<String>,
    cookie: Option<String>,
}

impl Browser {
    /// One that shows our own page.
    fn new(home: &Home, scheme: &str) -> Self {
        let client = home.visitor();
        let origin = Some(format!("{scheme}://{}", client.address()));
        Self { client, origin, cookie: None }
    }

    /// The same browser, when another page makes it ask.
    fn made_by(&self, origin: Option<&str>) -> Self {
        let (client, cookie) = (self.client.clone(), self.cookie.clone());
        Self { client, cookie, origin: origin.map(str::to_owned) }
    }

    async fn post_as(&self, content_type: &str, query: &str, variables: Value) -> HttpAnswer {
        let mut headers = vec![format!("content-type: {content_type}")];
        headers.extend(self.origin.iter().map(|origin| format!("origin: {origin}")));
        headers.extend(self.cookie.iter().map(|cookie| format!("cookie: {cookie}")));
        let headers: Vec<_> = headers.iter().map(String::as_str).collect();
        let body = json!({ "query": query, "variables": variables }).to_string();
        self.client.request("POST", "/graphql", &headers, body.as_bytes()).await
    }

    async fn post(&self, query: &str, variables: Value) -> HttpAnswer {
        self.post_as("application/json", query, variables).await
    }

    /// Signs in; the whole `Set-Cookie`.
    async fn sign_in(&mut self) -> String {
        let query = "mutation ($input: SignInInput!) { signIn(input: $input) { token } }";
        let answer = self.post(query, json!({ "input": { "name": OWNER, "password": PASSWORD } })).await;
        assert_eq!(answer.json(), json!({ "data": { "signIn": { "token": null } } }), "no script sees the token");
        let all: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "set-cookie").collect();
        let [(_, set)] = &all[..] else { panic!("one cookie: {all:?}") };
        self.cookie = set.split(';').next().map(str::to_owned);
        set.clone()
    }

    async fn is_signed_in(&self) -> bool {
        self.post("{ viewer { name } }", json!({})).await.json()["data"]["viewer"]["name"] == OWNER
    }
}

#[tokio::test]
async fn row_web_a_cookie_is_for_our_own_page_alone_over_tls_and_plain() {
    let plain = Home::claimed().await;
    let mut over_tls = Home::unclaimed_over_tls().await;
    over_tls.claim().await;
    for (home, scheme, secure) in [(&plain, "http", false), (&over_tls, "https", true)] {
        let set = Browser::new(home, scheme).sign_in().await;
        let mut parts: Vec<_> = set.split("; ").skip(1).collect();
        parts.sort_unstable();
        let mut wanted = vec!["HttpOnly", "Max-Age=31536000", "Path=/", "SameSite=Strict"];
        wanted.extend(secure.then_some("Secure"));
        assert_eq!(parts, wanted, "{set}");
        let host = ["host: evil.example"];
        assert_eq!(home.visitor().request("GET", "/", &host, b"").await.status, 421, "{scheme}");
        let bearer = format!("authorization: Bearer {}", home.owner().token().unwrap());
        let body = json!({ "query": ROOMS }).to_string();
        let asked = home.owner().request("POST", "/graphql", &[host[0], &bearer], body.as_bytes()).await;
        assert_eq!(asked.status, 421, "{scheme}");
    }
}

#[tokio::test]
async fn row_sessions_a_planted_cookie_is_not_the_session_after_signing_in() {
    let home = Home::claimed().await;
    let mut browser = Browser::new(&home, "http");
    let planted = format!("gatehouse_session={}", "5".repeat(64));
    browser.cookie = Some(planted.clone());
    assert!(!browser.is_signed_in().await);
    browser.sign_in().await;
    let first = browser.cookie.clone().unwrap();
    assert!(first != planted && browser.is_signed_in().await);
    browser.cookie = Some(planted);
    assert!(!browser.is_signed_in().await, "what was planted opens nothing");
    // One that is good, somebody else's say, is left behind too.
    browser.cookie = Some(first.clone());
    browser.sign_in().await;
    let second = browser.cookie.clone().unwrap();
    assert_ne!(first, second);
    browser.cookie = Some(first);
    assert_eq!(browser.post("mutation { signOut }", json!({})).await.json()["data"]["signOut"], true);
    assert!(!browser.is_signed_in().await);
    browser.cookie = Some(second);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn row_web_nobody_s_page_but_ours_asks_by_cookie() {
    let home = Home::claimed().await;
    let mut browser = Browser::new(&home, "http");
    browser.sign_in().await;
    let make = "mutation { createRoom(input: { name: \"Forged\" }) { id } }";
    let near = format!("http://127.0.0.1:{}", home.visitor().address().port() ^ 1);
    let foreign =
        [Some("http://evil.example"), Some("null"), Some(near.as_str()), Some("https://gatehouse.local"), None];
    for origin in foreign {
        let forged = browser.made_by(origin);
        // The types that a form can send, and the one that a page may send to itself.
        for content_type in
            ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"]
        {
            let answer = forged.post_as(content_type, make, json!({})).await;
            assert_eq!(answer.status, 403, "{origin:?} {content_type}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
        let signed_out = forged.post("mutation { signOut }", json!({})).await;
        assert_eq!((signed_out.status, signed_out.header("set-cookie")), (403, None), "{origin:?}");
        let cookie = browser.cookie.clone().unwrap();
        let mut upgrade = vec![("cookie", cookie.as_str())];
        upgrade.extend(origin.map(|origin| ("origin", origin)));
        assert_eq!(home.visitor().upgrade(&upgrade).await, 403, "{origin:?}");
        let cookie = format!("cookie: {cookie}");
        let mut link = vec![cookie.as_str()];
        let origin = origin.map(|origin| format!("origin: {origin}"));
        link.extend(origin.as_deref());
        for path in ["/graphql?query=mutation%7BsignOut%7D", "/record.csv", "/metrics"] {
            let status = home.visitor().request("GET", path, &link, b"").await.status;
            assert!(matches!(status, 401 | 403 | 404 | 405), "{origin:?} {path}: {status}");
        }
    }
    assert_eq!(home.visitor().upgrade(&[("host", "evil.example")]).await, 421);
    let own = browser.origin.clone().unwrap();
    assert_eq!(home.visitor().upgrade(&[("cookie", browser.cookie.as_deref().unwrap()), ("origin", &own)]).await, 101);
    let rooms = browser.post(ROOMS, json!({})).await;
    assert_eq!(
        rooms.json(),
        json!({ "data": { "rooms": [] } }),
        "nothing was done, and the browser is signed in still"
    );
}
