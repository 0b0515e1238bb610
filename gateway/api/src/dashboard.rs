//! The dashboard: static files in the binary, packed when it was built.

use crate::http::plain;
use poem::Response;
use poem::http::{HeaderMap, StatusCode, header};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/dashboard"]
struct Files;

/// What a page of ours may load and do: nothing but ourselves, and nobody may put it into a frame.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/// Files under here have a hash of their content in their name.
const HASHED: &str = "assets/";

/// The file at a path; the dashboard's page for any path that is no file's, for it has pages of its own.
pub(crate) fn file(path: &str, headers: &HeaderMap) -> Response {
    let name = path.trim_start_matches('/');
    let is_file = name.starts_with(HASHED) || name.rsplit('/').next().is_some_and(|last| last.contains('.'));
    let name = if name.is_empty() || !is_file { "index.html" } else { name };
    let Some(file) = Files::get(name) else { return plain(StatusCode::NOT_FOUND, "There is no such file.\n") };
    let packed = if takes_gzip(headers) { Files::get(&format!("{name}.gz")) } else { None };
    answer(name, &file, packed, headers)
}

fn answer(name: &str, file: &EmbeddedFile, packed: Option<EmbeddedFile>, headers: &HeaderMap) -> Response {
    let cache = if name.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let tag = tag(file, packed.is_some());
    let mut response = Response::builder()
        .header(header::CACHE_CONTROL, cache)
        .header(header::ETAG, &tag)
        .header(header::VARY, "accept-encoding")
        .header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY)
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::X_FRAME_OPTIONS, "DENY")
        // To nobody else. Not "no-referrer", by which browsers say of our own forms too that they come from nowhere (Fetch, "append a
        // request Origin header").
        .header(header::REFERRER_POLICY, "same-origin")
        .header("cross-origin-opener-policy", "same-origin")
        .header("cross-origin-resource-policy", "same-origin");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag)) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    if packed.is_some() {
        response = response.header(header::CONTENT_ENCODING, "gzip");
    }
    let content = packed.map_or_else(|| file.data.clone(), |packed| packed.data);
    response.content_type(content_type(file.metadata.mimetype())).body(match content {
        std::borrow::Cow::Borrowed(bytes) => bytes::Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    })
}

fn content_type(mime: &str) -> String {
    let text = mime.starts_with("text/") || mime.ends_with("javascript") || mime.ends_with("json");
    if text { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}

fn tag(file: &EmbeddedFile, packed: bool) -> String {
    use std::fmt::Write as _;
    let mut tag = String::from("\"");
    for byte in &file.metadata.sha256_hash()[..12] {
        let _infallible = write!(tag, "{byte:02x}");
    }
    tag.push_str(if packed { "-gz\"" } else { "\"" });
    tag
}

/// Whether the client takes gzip: it is named, and not with a weight of nothing.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    accepted.flat_map(|line| line.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse::<f32>().ok());
        named && weight.is_none_or(|weight| weight > 0.0)
    })
}
