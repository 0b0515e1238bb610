//! One question to a provider over HTTP, a connection each. No redirection is followed, nothing is kept.

use crate::{Error, Trust};
use bytes::Bytes;
use http::header::{CONNECTION, HOST};
use http::{HeaderValue, Request, Uri};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use openidconnect::{HttpRequest, HttpResponse};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// Longest answer, in bytes.
const MAX_BODY: usize = 256 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("{0} is not an https URL, and not one of this machine")]
    Unencrypted(String),
    #[error("it took too long")]
    TooSlow,
    #[error("the answer is too long")]
    TooLong,
    #[error("cannot connect: {0}")]
    Connect(#[from] std::io::Error),
    #[error("no certificate can be for this name: {0}")]
    Name(#[from] InvalidDnsNameError),
    #[error("{0}")]
    Http(#[from] hyper::Error),
    #[error("{0}")]
    Request(#[from] http::Error),
    #[error("the answer ended early: {0}")]
    Body(Box<dyn std::error::Error + Send + Sync>),
}

/// An answer under way.
pub(crate) type Fetching = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send>>;

/// Asks, over TLS unless it is this very machine. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Fetcher {
    tls: TlsConnector,
    patience: Duration,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fetcher")
    }
}

impl Fetcher {
    pub(crate) fn new(trust: &Trust, patience: Duration) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        match trust {
            Trust::System => {
                // Some of what a system knows cannot be read by everybody: the rest will do.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            Trust::Only(pem) => {
                for certificate in CertificateDer::pem_slice_iter(pem) {
                    roots.add(certificate.map_err(|_| Error::NoCertificate)?)?;
                }
                if roots.is_empty() {
                    return Err(Error::NoCertificate);
                }
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let config = config.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), patience })
    }

    /// The same as the library takes it: what it answers borrows nothing, so that whoever waits for it may go from thread to
    /// thread.
    pub(crate) fn client(&self) -> impl Fn(HttpRequest) -> Fetching + Send + Sync + use<> {
        let fetcher = self.clone();
        move |request| {
            let fetcher = fetcher.clone();
            Box::pin(async move {
                timeout(fetcher.patience, fetcher.ask(request)).await.unwrap_or(Err(FetchError::TooSlow))
            })
        }
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let uri = request.uri().clone();
        // As a URL has it: an IPv6 address in brackets.
        let host = uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let secure = uri.scheme_str() == Some("https");
        if !secure && !is_this_machine(&bare) {
            return Err(FetchError::Unencrypted(host.to_owned()));
        }
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let request = addressed(request, &uri)?;
        let stream = TcpStream::connect((bare.as_str(), port)).await?;
        if secure {
            let stream = self.tls.connect(ServerName::try_from(bare)?, stream).await?;
            talk(stream, request).await
        } else {
            talk(stream, request).await
        }
    }
}

/// Whether a URL without TLS may be asked: nobody can read along.
pub(crate) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// As HTTP/1.1 has it on a connection to the host itself.
fn addressed(request: HttpRequest, uri: &Uri) -> Result<Request<Full<Bytes>>, FetchError> {
    let (mut parts, body) = request.into_parts();
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    parts.headers.insert(HOST, HeaderValue::from_str(authority).map_err(http::Error::from)?);
    parts.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().map_err(http::Error::from)?;
    Ok(Request::from_parts(parts, Full::from(body)))
}

async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<HttpResponse, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async move {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MAX_BODY).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() { FetchError::TooLong } else { FetchError::Body(error) }
        })?;
        Ok(HttpResponse::from_parts(parts, body.to_bytes().to_vec()))
    };
    tokio::pin!(answer);
    tokio::pin!(connection);
    tokio::select! {
        answer = &mut answer => return answer,
        // Whether it ended well or not: what came is read, or its error told, by who asked.
        _ended = &mut connection => {}
    }
    answer.await
}

/// An error with what caused it, on one line.
pub(crate) fn said(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_said = cause.to_string();
        if !text.contains(&cause_said) {
            text = format!("{text}: {cause_said}");
        }
        source = cause.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
