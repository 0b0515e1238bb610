//! A provider that vouches for whoever the code names, without a network.

use super::gateway::{listener, settings};
use super::{Client, Gateway, Reply};
use gatehouse_api::{Provider, Serve, Settings};
use gatehouse_core::identity::{Identity, NotVouched, Trip};
use gatehouse_hub::Clock;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};

pub(crate) const ISSUER: &str = "https://accounts.example.org";

/// A provider for a gateway at this origin. A code is the subject it vouches for; `refused` and `unreachable` are not. It
/// believes only in trips that it saw begin, each once.
pub(crate) fn provider(origin: String) -> Provider {
    let seen: Arc<Mutex<HashSet<String>>> = Arc::default();
    let left = seen.clone();
    Provider {
        name: "Example".to_owned(),
        issuer: ISSUER.to_owned(),
        origin,
        depart: Arc::new(move |trip: Trip| {
            let url = format!("{ISSUER}/authorize?state={}", trip.state);
            seen.lock().unwrap().insert(format!("{} {} {}", trip.state, trip.nonce, trip.verifier));
            Box::pin(async move { Ok(url) })
        }),
        arrive: Arc::new(move |code: String, trip, _| {
            let known = left.lock().unwrap().remove(&format!("{} {} {}", trip.state, trip.nonce, trip.verifier));
            Box::pin(async move {
                match code.as_str() {
                    "unreachable" => Err(NotVouched::Unreachable),
                    subject if known && subject != "refused" => Ok(Identity::new(ISSUER, subject).unwrap()),
                    _ => Err(NotVouched::Refused),
                }
            })
        }),
    }
}

/// A gateway whose owner is Ana, with such a provider, and her as a browser's page.
pub(crate) async fn gateway_with_provider() -> (Gateway, Client) {
    gateway_with(provider).await
}

pub(crate) async fn gateway_with(provider: impl FnOnce(String) -> Provider) -> (Gateway, Client) {
    gateway_of(|origin| Settings { provider: Some(provider(origin)), ..settings() }).await
}

/// By what it needs to know of its own origin.
pub(crate) async fn gateway_of(settings: impl FnOnce(String) -> Settings) -> (Gateway, Client) {
    let listener = listener(Serve::Everything).await;
    let settings = settings(format!("http://{}", listener.socket.local_addr().unwrap()));
    let gateway = Gateway::of(Vec::new(), Clock::start(), vec![listener], settings).await;
    let token = gateway.claim().await;
    let ana = gateway.client().own_page().header("cookie", &format!("gatehouse_session={token}"));
    (gateway, ana)
}

/// The value of a cookie that an answer sets; empty when it takes it away, none when it says nothing of it.
pub(crate) fn cookie(reply: &Reply, name: &str) -> Option<String> {
    let lines = reply.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("set-cookie"));
    let mut values = lines.filter_map(|(_, line)| line.strip_prefix(&format!("{name}="))?.split(';').next());
    values.next().map(str::to_owned)
}

/// Somebody at the provider's page: their browser's cookie, and the state to come back with.
pub(crate) struct AtProvider {
    pub(crate) cookie: String,
    pub(crate) state: String,
}

impl AtProvider {
    pub(crate) fn new(reply: &Reply, url: &str) -> Self {
        let (_, state) = url.split_once("?state=").unwrap_or_else(|| panic!("no way to the provider: {url}"));
        let cookie = cookie(reply, "gatehouse_oidc").expect("a cookie to be known by");
        Self { cookie, state: state.to_owned() }
    }

    /// By the link for who wants to sign in.
    pub(crate) async fn start(client: &Client) -> Self {
        let reply = client.get("/oidc/start").await;
        Self::new(&reply, reply.header("location").unwrap_or_default())
    }

    /// Comes back with a code: the answer, and where it leads.
    pub(crate) async fn back(&self, gateway: &Gateway, code: &str) -> (Reply, String) {
        self.back_with(gateway, &format!("code={code}")).await
    }

    pub(crate) async fn back_with(&self, gateway: &Gateway, query: &str) -> (Reply, String) {
        let browser = gateway.client().header("cookie", &format!("x=y; gatehouse_oidc={}", self.cookie));
        let reply = browser.get(&format!("/oidc/callback?{query}&state={}", self.state)).await;
        let place = reply.header("location").unwrap_or_default().to_owned();
        (reply, place)
    }
}
