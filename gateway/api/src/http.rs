//! Routes: `/graphql`, `/metrics`, `/record.csv`, `/backups/…`, `/restore`, `/oidc/…`, health, the home's certificate authority, and the dashboard on every other path.
//!
//! There is no `Strict-Transport-Security` over TLS, on purpose: a household's own authority is missing on a new or reset
//! device, and the header would then take away both ways in, the page on port 80 that explains how to install it and the
//! browser's own way past its warning.

use crate::api::{Limits, Shared};
use crate::dashboard;
use crate::doorway::Entrance;
use crate::error::{self, refused};
use crate::executor::{Executor, Posted, Prepared};
use crate::files;
use crate::links;
use crate::metrics;
use crate::origin::{Origins, Page};
use crate::provider;
use crate::restoring;
use crate::server::{Doorway, Slot};
use crate::viewer::{self, Asker, COOKIE, Delivery};
use crate::websocket;
use async_graphql::Response as Answer;
use bytes::{Bytes, BytesMut};
use futures_util::TryStreamExt;
use gatehouse_core::access::{Access, TokenHash};
use poem::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use poem::{Body, Request, Response};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Longest body, and longest message on a WebSocket, in bytes.
pub(crate) const MAX_BODY: usize = 256 * 1024;

/// Most of a user agent that is looked at, in bytes.
const MAX_USER_AGENT: usize = 512;

/// What all connections share.
pub(crate) struct Http {
    pub(crate) executor: Executor,
    pub(crate) shared: Arc<Shared>,
    pub(crate) origins: Origins,
    pub(crate) entrance: Entrance,
    pub(crate) ready: watch::Receiver<bool>,
    pub(crate) access: watch::Receiver<Arc<Access>>,
    pub(crate) limits: Limits,
    /// No more new things.
    pub(crate) stop: CancellationToken,
    /// No more at all.
    pub(crate) ended: CancellationToken,
}

/// The two ends of a connection.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) local: SocketAddr,
    pub(crate) address: IpAddr,
    /// Whether the connection is encrypted.
    pub(crate) secure: bool,
    /// Set when it leads no further than to the doorway.
    pub(crate) doorway: Option<Doorway>,
    pub(crate) _slot: Slot,
}

/// Why a request is not even looked at.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    code: &'static str,
    pub(crate) message: &'static str,
}

impl Http {
    /// Answers one request.
    pub(crate) async fn respond(self: &Arc<Self>, request: Request, peer: &Arc<Peer>) -> Response {
        let Some(host) = self.origins.own_host(request.headers(), request.uri(), peer.local) else {
            let message = "This gateway does not go by that name. Use its address, or configure http.public_name.\n";
            return plain(StatusCode::MISDIRECTED_REQUEST, message);
        };
        if let Some(doorway) = peer.doorway {
            let (path, is_read) = (request.uri().path(), is_read(request.method()));
            let told = if is_read { self.to_anyone(path) } else { None };
            return told.unwrap_or_else(|| self.entrance.respond(path, is_read, host, doorway));
        }
        match request.uri().path() {
            "/graphql" => {
                let page = self.origins.page(request.headers(), host, peer.secure);
                self.graphql(request, peer, page).await
            }
            path @ (provider::START | provider::CALLBACK) => match &self.shared.settings.provider {
                Some(provider) if request.method() == Method::GET => {
                    if path == provider::START {
                        provider::start(&self.shared, provider, &request, host, peer.address).await
                    } else {
                        provider::arrive(&self.shared, provider, &request, peer.address).await
                    }
                }
                _ => plain(StatusCode::NOT_FOUND, "There is nothing here.\n"),
            },
            files::RECORD if is_read(request.method()) || request.method() == Method::POST => {
                let page = self.origins.page(request.headers(), host, peer.secure);
                self.record(request.headers(), peer, page)
            }
            path if path.starts_with(files::BACKUPS)
                && (is_read(request.method()) || request.method() == Method::POST) =>
            {
                let page = self.origins.page(request.headers(), host, peer.secure);
                self.backup(&path[files::BACKUPS.len()..], request.headers(), peer, page).await
            }
            "/restore" if request.method() == Method::POST => {
                let page = self.origins.page(request.headers(), host, peer.secure);
                self.restore(request, page).await
            }
            _ if !is_read(request.method()) => {
                let answer = plain(StatusCode::METHOD_NOT_ALLOWED, "Only GET is answered here.\n");
                with(answer, header::ALLOW, HeaderValue::from_static("GET, HEAD"))
            }
            "/metrics" => self.metrics(request.headers()).await,
            path => self.to_anyone(path).unwrap_or_else(|| dashboard::file(path, request.headers())),
        }
    }

    /// What everyone may know, on every listener.
    fn to_anyone(&self, path: &str) -> Option<Response> {
        Some(match path {
            "/ca.crt" => self.entrance.certificate(),
            "/healthz" => plain(StatusCode::OK, "ok"),
            "/readyz" if *self.ready.borrow() => plain(StatusCode::OK, "ok"),
            "/readyz" => plain(StatusCode::SERVICE_UNAVAILABLE, "starting"),
            _ => return None,
        })
    }

    async fn graphql(self: &Arc<Self>, request: Request, peer: &Arc<Peer>, page: Page) -> Response {
        let origin = request.headers().get(header::ORIGIN).filter(|_| page == Page::Allowed).cloned();
        let asker = asker(request.headers(), peer, page, self.shared.settings.public_name.as_deref());
        let answer = match asker {
            Err(refusal) => json(refusal.status, &refused(refusal.code, refusal.message)),
            Ok(_) if request.method() == Method::OPTIONS && page == Page::Allowed => preflight(),
            Ok(asker) if request.method() == Method::POST => self.post(request, asker).await,
            Ok(asker) if request.headers().contains_key(header::UPGRADE) => {
                websocket::upgrade(self.clone(), request, peer.clone(), asker).await
            }
            Ok(_) => {
                let message = "Send GraphQL as POST with a JSON body, or open a WebSocket with the subprotocol \
                               graphql-transport-ws.";
                let answer = json(StatusCode::METHOD_NOT_ALLOWED, &refused("BAD_INPUT", message));
                with(answer, header::ALLOW, HeaderValue::from_static("POST"))
            }
        };
        match origin {
            Some(origin) => {
                let answer = with(answer, header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                with(answer, header::VARY, HeaderValue::from_static("origin"))
            }
            None => answer,
        }
    }

    /// For programs, so a cookie is as if it were not there.
    async fn metrics(&self, headers: &HeaderMap) -> Response {
        let token = bearer(headers).and_then(viewer::hash);
        let (reads, program) = match token {
            Some(token) => self.shared.hub.view().access.reads_metrics(&token),
            None => (false, None),
        };
        if let Some(program) = program {
            self.shared.hub.token_used(program);
        }
        if !reads {
            let answer =
                plain(StatusCode::UNAUTHORIZED, "Send an API token with scope METRICS as Authorization: Bearer.\n");
            return with(answer, header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        let all = metrics::collect(&self.shared).await;
        let answer =
            Response::builder().content_type("text/plain; version=0.0.4; charset=utf-8").body(metrics::text(&all));
        with(answer, header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// For whoever has the claim code, by our own page or by none.
    async fn restore(&self, mut request: Request, page: Page) -> Response {
        match page {
            Page::Own | Page::None => {
                let body = request.take_body();
                restoring::restore(&self.shared, request.headers(), body).await
            }
            Page::Foreign | Page::Allowed => plain(StatusCode::FORBIDDEN, "This page is not the gateway's own.\n"),
        }
    }

    async fn post(&self, mut request: Request, asker: Asker) -> Response {
        let bad = |status, code, message: &str| json(status, &refused(code, message));
        let body = match timeout(self.limits.body, read(request.take_body())).await {
            Ok(Ok(Some(body))) => body,
            Ok(Ok(None)) => {
                return bad(StatusCode::PAYLOAD_TOO_LARGE, "TOO_COMPLEX", "A request has at most 256 KiB.");
            }
            Ok(Err(_)) => return bad(StatusCode::BAD_REQUEST, "BAD_INPUT", "The request's body ended early."),
            Err(_) => return bad(StatusCode::REQUEST_TIMEOUT, "BAD_INPUT", "The request's body took too long."),
        };
        let posted = match parse(&body) {
            Ok(posted) => posted,
            Err(message) => return bad(StatusCode::BAD_REQUEST, "BAD_INPUT", &message),
        };
        let mut answer = match self.executor.prepare(posted, asker) {
            Ok(Prepared::Once(run)) => self.executor.once(run).await,
            Ok(Prepared::Stream(_)) => {
                refused("BAD_INPUT", "Subscriptions go over a WebSocket with the subprotocol graphql-transport-ws.")
            }
            Err(answer) => *answer,
        };
        let headers = std::mem::take(&mut answer.http_headers);
        let status = if error::is_internal(&answer) { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
        let mut response = json(status, &answer);
        response.headers_mut().extend(headers);
        response
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

/// The body, or none when it is too long.
async fn read(body: Body) -> std::io::Result<Option<Bytes>> {
    let mut chunks = std::pin::pin!(body.into_bytes_stream());
    let Some(first) = chunks.try_next().await? else { return Ok(Some(Bytes::new())) };
    if first.len() > MAX_BODY {
        return Ok(None);
    }
    // Nearly every request comes in one piece, which then need not be copied.
    let Some(second) = chunks.try_next().await? else { return Ok(Some(first)) };
    let mut whole = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        if whole.len() + chunk.len() > MAX_BODY {
            return Ok(None);
        }
        whole.extend_from_slice(&chunk);
        next = chunks.try_next().await?;
    }
    Ok(Some(whole.freeze()))
}

/// A request from its JSON, or what is wrong with it.
pub(crate) fn parse(json: &[u8]) -> Result<Posted, String> {
    if json.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err("Batches are not taken. Send one request at a time.".to_owned());
    }
    serde_json::from_slice(json)
        .map_err(|error| format!("The request must be JSON like {{\"query\": \"…\", \"variables\": {{…}}}}: {error}."))
}

/// Who asks, if a request with these headers may.
pub(crate) fn asker(headers: &HeaderMap, peer: &Peer, page: Page, public_name: Option<&str>) -> Result<Asker, Refusal> {
    let forbidden = |message| Err(Refusal { status: StatusCode::FORBIDDEN, code: "FORBIDDEN", message });
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes).unwrap_or_default();
    // Behind a proxy that speaks TLS, only the page knows that it does.
    let secure = peer.secure || (page == Page::Own && origin.starts_with(b"https:"));
    let delivery = match page {
        Page::Foreign => return forbidden("This page is not the gateway's own. Configure http.allowed_origins."),
        Page::Own => Delivery::Cookie { secure },
        Page::Allowed | Page::None => Delivery::Answer,
    };
    let token = match bearer(headers) {
        Some(token) => viewer::hash(token),
        None => match (cookie(headers, COOKIE), page) {
            (None, _) => None,
            // A page let in asks with a token or not at all; its cookie is as if it were not there.
            (Some(_), Page::Allowed) => None,
            (Some(token), Page::Own) => viewer::hash(token),
            (Some(_), _) => return forbidden("With a cookie, a request must come from the gateway's own page."),
        },
    };
    // The host is ours: see `respond`.
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let base = links::base(public_name, host, secure, peer.local, peer.address);
    Ok(Asker { token, address: peer.address, user_agent: user_agent(headers), base, delivery })
}

/// As far as it is text, and cut to what can be kept.
pub(crate) fn user_agent(headers: &HeaderMap) -> Arc<str> {
    let told = headers.get(header::USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    String::from_utf8_lossy(&told[..told.len().min(MAX_USER_AGENT)]).into()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

pub(crate) fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

/// A token's hash, for whoever presents it in `connection_init`.
pub(crate) fn presented(token: &str) -> Option<TokenHash> {
    viewer::hash(token.trim())
}

pub(crate) fn json(status: StatusCode, answer: &Answer) -> Response {
    let Ok(body) = serde_json::to_vec(answer) else { return plain(StatusCode::INTERNAL_SERVER_ERROR, "") };
    let response = Response::builder().status(status).content_type("application/json").body(body);
    with(response, header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response {
    let response = Response::builder().status(status).content_type("text/plain; charset=utf-8").body(text);
    with(response, header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

pub(crate) fn with(mut response: Response, name: header::HeaderName, value: HeaderValue) -> Response {
    response.headers_mut().insert(name, value);
    response
}

fn preflight() -> Response {
    let answer = Response::builder().status(StatusCode::NO_CONTENT).finish();
    let answer = with(answer, header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST"));
    let allowed = HeaderValue::from_static("authorization, content-type");
    let answer = with(answer, header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    with(answer, header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"))
}
