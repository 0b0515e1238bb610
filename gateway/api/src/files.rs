//! Files that hold the whole home, for its owner: `/record.csv` and `/backups/NAME`.

use crate::api::Shared;
use crate::http::{Http, Peer, asker, plain, with};
use crate::origin::Page;
use crate::record_csv;
use crate::viewer::Asker;
use bytes::Bytes;
use futures_util::{Stream, TryStreamExt};
use poem::http::{HeaderMap, HeaderValue, StatusCode, header};
use poem::{Body, Response};
use std::future::ready;
use std::io;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::io::ReaderStream;

/// Where the record is.
pub(crate) const RECORD: &str = "/record.csv";
/// Before the name of a backup.
pub(crate) const BACKUPS: &str = "/backups/";
/// How many are written at a time.
pub(crate) const MAX_FILES: usize = 2;
/// How much of a backup is in memory at a time, in bytes.
const PIECE: usize = 64 * 1024;

impl Http {
    /// For the owner: programs with a token, and our own page, which sends a form by POST. A link would not do: a cookie
    /// counts only beside our own Origin, which browsers send along with forms.
    fn file_for_owner(
        &self,
        headers: &HeaderMap,
        peer: &Peer,
        page: Page,
    ) -> Result<(Asker, OwnedSemaphorePermit), Box<Response>> {
        let refused = |answer| Err(Box::new(answer));
        let asker = match asker(headers, peer, page, None) {
            Ok(asker) => asker,
            Err(refusal) => return refused(plain(refusal.status, refusal.message)),
        };
        let Some(viewer) = asker.viewer(&self.shared.hub.view()) else {
            let answer = plain(StatusCode::UNAUTHORIZED, "Sign in first.\n");
            return refused(with(answer, header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")));
        };
        if viewer.administer().is_err() {
            let message = "The whole record and backups are for the owner of the home.\n";
            return refused(plain(StatusCode::FORBIDDEN, message));
        }
        let Ok(place) = self.shared.exports.clone().try_acquire_owned() else {
            let answer =
                plain(StatusCode::SERVICE_UNAVAILABLE, "Two files are being written already. Try again later.\n");
            return refused(with(answer, header::RETRY_AFTER, HeaderValue::from_static("10")));
        };
        Ok((asker, place))
    }

    /// The whole record.
    pub(crate) fn record(&self, headers: &HeaderMap, peer: &Peer, page: Page) -> Response {
        match self.file_for_owner(headers, peer, page) {
            Ok((asker, place)) => {
                let lines = record_csv::all(self.shared.clone(), asker, place);
                attachment("text/csv; charset=utf-8; header=present", "gatehouse-record.csv", lines)
            }
            Err(refused) => *refused,
        }
    }

    /// A backup that is kept, by its name.
    pub(crate) async fn backup(&self, name: &str, headers: &HeaderMap, peer: &Peer, page: Page) -> Response {
        let (asker, place) = match self.file_for_owner(headers, peer, page) {
            Ok(asked) => asked,
            Err(refused) => return *refused,
        };
        match self.shared.settings.backups.download(name).await {
            Some(Ok(file)) => {
                let shared = self.shared.clone();
                let bytes = ReaderStream::with_capacity(file, PIECE).and_then(move |piece| {
                    let _until_its_end = &place;
                    ready(may_go_on(&shared, &asker).map(|()| piece))
                });
                attachment("application/octet-stream", name, bytes)
            }
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => {
                tracing::error!(%error, name, "a backup cannot be read");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "It cannot be read: is the stick still there?\n")
            }
            _ => plain(StatusCode::NOT_FOUND, "There is no such backup (any more).\n"),
        }
    }
}

/// Whoever asked for a file is given the rest of it only as long as they are an owner.
pub(crate) fn may_go_on(shared: &Shared, asker: &Asker) -> io::Result<()> {
    match asker.viewer(&shared.hub.view()) {
        Some(viewer) if viewer.administer().is_ok() => Ok(()),
        _ => Err(io::Error::other("whoever asked is an owner no more")),
    }
}

/// A file to keep, called so.
fn attachment<S, B>(kind: &str, name: &str, bytes: S) -> Response
where
    S: Stream<Item = io::Result<B>> + Send + 'static,
    B: Into<Bytes> + Send + 'static,
{
    let answer = Response::builder().content_type(kind).body(Body::from_bytes_stream(bytes));
    let answer = with(answer, header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        Ok(file) => with(answer, header::CONTENT_DISPOSITION, file),
        Err(_) => answer,
    }
}
