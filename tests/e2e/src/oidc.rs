//! A real OpenID Connect provider, and a browser that goes there and back.

use crate::authority::Authority;
use crate::client::{Client, HttpAnswer};
use crate::home::Home;
use crate::node::Script;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;

const CLIENT: &str = "gatehouse";
const SECRET: &str = "what only the provider and the gateway know";

/// A running provider on loopback, over TLS. It is killed when this is dropped.
#[derive(Debug)]
pub struct OidcProvider {
    script: Script,
    issuer: String,
    authority: Authority,
}

impl OidcProvider {
    /// One that sends people back to this home.
    pub async fn of(home: &Home) -> Self {
        let authority = Authority::new(home.dir());
        let redirect = format!("http://{}/oidc/callback", home.visitor().address());
        let options = json!({
            "clientId": CLIENT, "clientSecret": SECRET, "redirect": redirect,
            "key": authority.key, "cert": authority.certificate,
        });
        let mut script = Script::start("oidc.mjs", &options);
        let told = script.told().await;
        let issuer = told["issuer"].as_str().expect("an issuer").to_owned();
        Self { script, issuer, authority }
    }

    /// What it tells next.
    pub async fn told(&mut self) -> Value {
        self.script.told().await
    }

    /// Its host, as people are told it.
    pub fn host(&self) -> &str {
        self.issuer.trim_start_matches("https://")
    }

    /// Lines for the end of a configuration file: people sign in by this provider. The secret is this one, or the right one.
    pub fn config(&self, home: &Home, secret: Option<&str>) -> String {
        let file = home.dir().join("oidc-secret");
        std::fs::write(&file, secret.unwrap_or(SECRET)).expect("the secret can be written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("a mode");
        format!(
            "[oidc]\nissuer = {:?}\nclient_id = {CLIENT:?}\nclient_secret_file = {file:?}\nname = \"Example\"\nca_file = {:?}\n",
            self.issuer, self.authority.ca
        )
    }

    /// What must be in nobody's log.
    pub fn secret(&self) -> &str {
        SECRET
    }

    fn client(&self) -> Client {
        let address: SocketAddr = self.host().parse().expect("an address");
        Client::over_tls(address, &self.authority.ca)
    }
}

/// Keeps cookies by host, and follows the provider's redirections.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: BTreeMap<SocketAddr, BTreeMap<String, String>>,
}

impl Browser {
    /// One request, as a page of the same host makes it.
    pub async fn send(&mut self, client: &Client, method: &str, path: &str, body: &[u8]) -> HttpAnswer {
        let kept = self.cookies.entry(client.address()).or_default();
        let cookie = kept.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let cookie = format!("cookie: {cookie}");
        let origin = format!("origin: http://{}", client.address());
        let json = body.starts_with(b"{");
        let kind = if json { "application/json" } else { "application/x-www-form-urlencoded" };
        let kind = format!("content-type: {kind}");
        let mut headers = vec![kind.as_str()];
        headers.extend((cookie != "cookie: ").then_some(cookie.as_str()));
        headers.extend(json.then_some(origin.as_str()));
        let answer = client.request(method, path, &headers, body).await;
        for (_, line) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = line.split(';').next().and_then(|pair| pair.split_once('='));
            let Some((name, value)) = pair else { continue };
            if value.is_empty() {
                kept.remove(name);
            } else {
                kept.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Asks the API as the dashboard does.
    pub async fn ask(&mut self, client: &Client, document: &str, variables: Value) -> Value {
        let body = json!({ "query": document, "variables": variables }).to_string();
        self.send(client, "POST", "/graphql", body.as_bytes()).await.json()
    }

    /// Follows the link for who wants to sign in: the way to the provider.
    pub async fn start(&mut self, gateway: &Client) -> String {
        place(&self.send(gateway, "GET", "/oidc/start", b"").await)
    }

    /// Goes to the provider, logs in there, and comes back: the path on the gateway.
    ///
    /// # Panics
    /// When it does not lead back.
    pub async fn log_in(&mut self, provider: &OidcProvider, url: &str, login: &str) -> String {
        self.visit(provider, url, &format!("login={login}&go=")).await
    }

    /// The same, and goes back without having logged in.
    pub async fn cancel(&mut self, provider: &OidcProvider, url: &str) -> String {
        self.visit(provider, url, "stop=").await
    }

    async fn visit(&mut self, provider: &OidcProvider, url: &str, form: &str) -> String {
        // Signed in there since the last time, by the same browser: tests want to be asked each time.
        let client = provider.client();
        self.cookies.remove(&client.address());
        let (mut path, mut method, mut body) = (path_of(url), "GET", "");
        for _ in 0..8 {
            let answer = self.send(&client, method, &path, body.as_bytes()).await;
            (method, body) = ("GET", "");
            if answer.status == 200 && path.starts_with("/login/") {
                (method, body) = ("POST", form);
                continue;
            }
            let next = place(&answer);
            if next.contains("/oidc/callback") {
                return path_of(&next);
            }
            path = path_of(&next);
        }
        panic!("the provider does not lead back");
    }
}

fn place(answer: &HttpAnswer) -> String {
    let said = || panic!("{} leads nowhere: {}", answer.status, String::from_utf8_lossy(&answer.body));
    answer.header("location").unwrap_or_else(said).to_owned()
}

fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |slash| &rest[slash..]).to_owned()
}
