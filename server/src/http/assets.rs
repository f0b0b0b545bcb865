//! The PWA inside the binary: three doors, hashed assets for ever, everything else asked for again.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use rust_embed::RustEmbed;

use super::error::ApiError;

#[derive(RustEmbed)]
#[folder = "../pwa/dist"]
struct Pwa;

const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// Anything that is no endpoint.
pub async fn serve(uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    if path.starts_with("api/") || path.starts_with("sync/") {
        return ApiError::not_found().into_response();
    }
    // The officers' service worker starts at the slash; without it the door would not open offline.
    if matches!(path, "petugas" | "kantor") {
        return Redirect::permanent(&format!("/{path}/")).into_response();
    }
    let file = match path.trim_end_matches('/') {
        "" => "index.html",
        "petugas" => "petugas/index.html",
        "kantor" => "kantor/index.html",
        other => other,
    };
    // The precompressed neighbours are chosen by us, not asked for.
    if matches!(file.rsplit('.').next(), Some("br" | "gz")) {
        return missing();
    }
    let Some(plain) = Pwa::get(file) else { return missing() };
    let hash = hex::encode(&plain.metadata.sha256_hash()[..12]);
    let (encoding, data) = best_encoding(file, &headers, plain.data);
    let etag = format!("\"{hash}-{}\"", encoding.unwrap_or("plain"));
    let cache = if file.starts_with("assets/") { FOR_EVER } else { ASK_AGAIN };
    let mut response = Response::new(Body::empty());
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    if has_it(&headers, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    if let Ok(content_type) = HeaderValue::from_str(&content_type(file)) {
        out.insert(header::CONTENT_TYPE, content_type);
    }
    if let Some(encoding) = encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    *response.body_mut() = Body::from(data.into_owned());
    response
}

fn missing() -> Response {
    (StatusCode::NOT_FOUND, "Halaman ini tidak ada.").into_response()
}

fn best_encoding(
    file: &str,
    headers: &HeaderMap,
    plain: Cow<'static, [u8]>,
) -> (Option<&'static str>, Cow<'static, [u8]>) {
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    for (encoding, extension) in [("br", "br"), ("gzip", "gz")] {
        if accepts(accepted, encoding)
            && let Some(file) = Pwa::get(&format!("{file}.{extension}"))
        {
            return (Some(encoding), file.data);
        }
    }
    (None, plain)
}

/// Whether an `Accept-Encoding` names the encoding and does not forbid it.
fn accepts(accepted: &str, encoding: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut pieces = part.split(';').map(str::trim);
        let named = pieces.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        named && !pieces.any(|piece| matches!(piece.replace(' ', "").as_str(), "q=0" | "q=0.0"))
    })
}

fn has_it(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == etag))
}

fn content_type(file: &str) -> String {
    if file.ends_with(".webmanifest") {
        return "application/manifest+json".to_owned();
    }
    let guessed = mime_guess::from_path(file).first_or_octet_stream();
    match (guessed.type_().as_str(), guessed.subtype().as_str()) {
        ("text", _) => format!("{guessed}; charset=utf-8"),
        ("application", "javascript") => "text/javascript; charset=utf-8".to_owned(),
        _ => guessed.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_only_when_the_browser_names_them() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("", "br"));
        assert!(!accepts("brotli", "br"));
    }

    #[test]
    fn types_are_what_browsers_insist_on() {
        assert_eq!(content_type("assets/core.wasm"), "application/wasm");
        assert_eq!(content_type("sw.js"), "text/javascript; charset=utf-8");
        assert_eq!(content_type("manifest.webmanifest"), "application/manifest+json");
        assert_eq!(content_type("index.html"), "text/html; charset=utf-8");
    }

    #[test]
    fn an_etag_may_be_one_of_several() {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"a\", W/\"b\""));
        assert!(has_it(&headers, "\"b\""));
        assert!(!has_it(&headers, "\"c\""));
    }
}
