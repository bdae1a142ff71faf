//! Files of the pages that the program contains, so that they work offline and load nothing from other hosts.

use axum::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

/// A file of a page: its name, its media type, whether its bytes are compressed with gzip, and its bytes.
pub type PageFile = (&'static str, &'static str, bool, &'static [u8]);

/// The media type of scripts.
pub const SCRIPT: &str = "text/javascript; charset=utf-8";

/// The policy of a page: scripts and requests of this host only. Inline styles and embedded fonts are allowed, because the
/// editors need them.
pub const PAGE_POLICY: (HeaderName, &str) = (
    CONTENT_SECURITY_POLICY,
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self' 'unsafe-inline'; \
     font-src 'self' data:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The file with this name; 404 if there is none. Compressed bytes are sent as they are: every browser reads gzip.
pub fn page_file(files: &[PageFile], name: &str) -> Response {
    let Some((_, kind, compressed, bytes)) = files.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let encoding = compressed.then_some([(CONTENT_ENCODING, "gzip")]);
    ([(CONTENT_TYPE, *kind)], encoding, *bytes).into_response()
}
