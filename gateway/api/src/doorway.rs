//! The way in for browsers that do not trust the home's certificate authority yet: its certificate, and the page that leads
//! on to HTTPS or explains how to install it.

use crate::api::Ca;
use crate::error::refused;
use crate::http::{json, plain, with};
use crate::origin::host_name;
use crate::server::Doorway;
use bytes::Bytes;
use poem::Response;
use poem::http::{HeaderValue, StatusCode, header};

const PAGE: &str = include_str!("../doorway/index.html");
const SCRIPT: &str = include_str!("../doorway/doorway.js");
const STYLE: &str = include_str!("../doorway/doorway.css");
const ICON: &str = include_str!("../doorway/doorway.svg");

/// What the page may load: its own three files. Whom it may ask is added for each host.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src ";

/// Paths that only programs ask for: a page would be no answer to them.
const FOR_PROGRAMS: [&str; 2] = ["/graphql", "/metrics"];

/// What strangers are shown.
pub(crate) struct Entrance {
    certificate: Option<Bytes>,
    /// The page, but for the address that it leads to.
    page: String,
}

impl Entrance {
    pub(crate) fn new(ca: Option<&Ca>) -> Self {
        let (name, fingerprint) = ca.map_or(("", ""), |ca| (&ca.name, &ca.fingerprint));
        let page = PAGE
            .replace("{{ca}}", if ca.is_some() { "yes" } else { "no" })
            .replace("{{name}}", &escaped(name))
            .replace("{{fingerprint}}", &escaped(fingerprint));
        Self { certificate: ca.map(|ca| ca.der.clone().into()), page }
    }

    /// The certificate of the home's authority. Not as an attachment: phones then offer to install it.
    pub(crate) fn certificate(&self) -> Response {
        let Some(der) = &self.certificate else {
            return plain(StatusCode::NOT_FOUND, "This gateway has no certificate authority.\n");
        };
        file("application/x-x509-ca-cert", der.clone())
    }

    /// Answers what arrived at the doorway and is not told to anyone anyway. `host` is ours, as it was written.
    pub(crate) fn respond(&self, path: &str, is_read: bool, host: &str, doorway: Doorway) -> Response {
        let https = https_origin(host, doorway.https_port);
        if !is_read {
            let message = format!("Nothing is taken over unencrypted HTTP. Send this to {https}{path}.");
            return json(StatusCode::FORBIDDEN, &refused("FORBIDDEN", message));
        }
        match path {
            "/doorway.js" => file("text/javascript; charset=utf-8", SCRIPT),
            "/doorway.css" => file("text/css; charset=utf-8", STYLE),
            "/doorway.svg" => file("image/svg+xml", ICON),
            path if FOR_PROGRAMS.contains(&path) || path.rsplit('/').next().is_some_and(|last| last.contains('.')) => {
                plain(StatusCode::NOT_FOUND, "This is served over HTTPS only.\n")
            }
            _ => self.page(&https),
        }
    }

    fn page(&self, https: &str) -> Response {
        // CSP has no notation for IPv6 addresses; the script asks nobody else either way.
        let asked = if https.contains('[') { "https:" } else { https };
        let policy = HeaderValue::try_from(format!("{CONTENT_SECURITY_POLICY}{asked}"));
        let Ok(policy) = policy else { return plain(StatusCode::MISDIRECTED_REQUEST, "") };
        let answer = file("text/html; charset=utf-8", self.page.replace("{{https}}", &escaped(https)));
        let answer = with(answer, header::CONTENT_SECURITY_POLICY, policy);
        let answer = with(answer, header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
        with(answer, header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))
    }
}

/// Where the same host answers over HTTPS, from its name alone: what else a `Host` header holds goes no further.
fn https_origin(host: &str, port: u16) -> String {
    let name = host_name(host);
    let name = if name.contains(':') { format!("[{name}]") } else { name };
    if port == 443 { format!("https://{name}") } else { format!("https://{name}:{port}") }
}

fn file(content_type: &str, content: impl Into<poem::Body>) -> Response {
    let response = Response::builder().content_type(content_type).body(content);
    let response = with(response, header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    with(response, header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_https_is_made_of_a_hosts_name_only() {
        for (host, origin) in [
            ("gatehouse.local", "https://gatehouse.local:8443"),
            ("Gatehouse.local.:80", "https://gatehouse.local:8443"),
            ("192.168.1.5:8080", "https://192.168.1.5:8443"),
            ("[fd00::7]:80", "https://[fd00::7]:8443"),
            ("localhost:1; script-src *", "https://localhost:8443"),
        ] {
            assert_eq!(https_origin(host, 8443), origin);
        }
        assert_eq!(https_origin("localhost:80", 443), "https://localhost");
    }
}
