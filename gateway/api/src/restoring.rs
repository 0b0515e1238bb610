//! `/restore`: a backup that is brought to a gateway that nobody owns yet.

use crate::api::Shared;
use crate::http::{plain, with};
use futures_util::TryStreamExt;
use gatehouse_core::access::Denied;
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{Body, Response};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Where the claim code stands: whoever has it may decide whose this gateway is.
const CODE: &str = "gatehouse-claim-code";
/// Where the recovery key stands, for a backup that is encrypted.
const KEY: &str = "gatehouse-recovery-key";
/// Longest backup, in bytes.
const MAX_BACKUP: u64 = 1024 * 1024 * 1024;
/// How long one may take to come: that many bytes over a bad Wi-Fi.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Takes a backup, with the recovery key where one was given, looks whether it is whole, and has the gateway start anew with it; or says why not. May block.
type Take = dyn Fn(&Path, Option<&str>) -> Result<(), String> + Send + Sync;

/// How a backup is brought in.
#[derive(Clone)]
pub struct RestoreDesk {
    /// Where what comes in is put meanwhile.
    pub upload: PathBuf,
    /// What is done with it.
    pub take: Arc<Take>,
    /// One at a time.
    pub place: Arc<Semaphore>,
}

/// Of a gateway that takes none.
impl Default for RestoreDesk {
    fn default() -> Self {
        Self {
            upload: PathBuf::new(),
            take: Arc::new(|_, _| Err("this gateway takes no backup".to_owned())),
            place: Arc::new(Semaphore::new(1)),
        }
    }
}

impl std::fmt::Debug for RestoreDesk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RestoreDesk")
    }
}

/// Brings a backup in, for whoever has the claim code of a gateway that nobody owns. When it is whole, the gateway starts anew with it.
pub(crate) async fn restore(shared: &Shared, headers: &HeaderMap, body: Body) -> Response {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let desk = shared.settings.restore.clone();
    if let Err(denied) = shared.hub.try_claim_code(text(CODE).unwrap_or_default()).await {
        return denial(denied);
    }
    let Ok(place) = desk.place.clone().try_acquire_owned() else {
        return plain(StatusCode::CONFLICT, "A backup is being restored already.\n");
    };
    let come = timeout(TIMEOUT, receive(&desk.upload, body)).await;
    let answer = match come {
        Ok(Ok(true)) => {
            let (take, upload, key) = (desk.take.clone(), desk.upload.clone(), text(KEY));
            let taken = tokio::task::spawn_blocking(move || {
                let taken = take(&upload, key.as_deref());
                // Also when whoever brought it is gone by then: the next one does not meet half of it.
                drop(place);
                taken
            });
            match taken.await {
                Ok(Ok(())) => plain(StatusCode::OK, "restored\n"),
                Ok(Err(why)) => refusal(why),
                Err(_) => {
                    plain(StatusCode::INTERNAL_SERVER_ERROR, "That failed: a defect of Gatehouse, please report it.\n")
                }
            }
        }
        Ok(Ok(false)) => plain(StatusCode::PAYLOAD_TOO_LARGE, "A backup has at most 1 GiB.\n"),
        Ok(Err(error)) => refusal(format!("the backup did not come in: {error}; is there room on the gateway's disk?")),
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "The backup took too long to come.\n"),
    };
    let _none_left_behind = fs::remove_file(&desk.upload).await;
    answer
}

/// False when it is too long.
async fn receive(upload: &Path, body: Body) -> std::io::Result<bool> {
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(upload).await?;
    let mut chunks = std::pin::pin!(body.into_bytes_stream());
    let mut bytes = 0;
    while let Some(chunk) = chunks.try_next().await? {
        bytes += chunk.len() as u64;
        if bytes > MAX_BACKUP {
            return Ok(false);
        }
        file.write_all(&chunk).await?;
    }
    file.sync_all().await?;
    Ok(true)
}

fn denial(denied: Denied) -> Response {
    match denied {
        Denied::Conflict(_) => {
            plain(StatusCode::CONFLICT, "This gateway has an owner: gatehouse restore takes a backup there.\n")
        }
        Denied::RateLimited { retry_after } => {
            let answer = plain(StatusCode::TOO_MANY_REQUESTS, "Too many wrong codes: wait a while.\n");
            with(answer, header::RETRY_AFTER, HeaderValue::from(retry_after.as_secs() + 1))
        }
        Denied::Busy => plain(StatusCode::SERVICE_UNAVAILABLE, "The gateway is busy: try again.\n"),
        _ => plain(
            StatusCode::FORBIDDEN,
            "The claim code is wrong or has expired; gatehouse claim-code shows another.\n",
        ),
    }
}

fn refusal(why: String) -> Response {
    let response = Response::builder().status(StatusCode::BAD_REQUEST).content_type("text/plain; charset=utf-8");
    with(response.body(why + "\n"), header::CACHE_CONTROL, HeaderValue::from_static("no-store"))
}
