//! Queries by `GET`, whose answers browsers and proxies may keep: which queries are answered, which answers may be kept, and
//! their validators (RFC 9110 and 9111).

use std::time::Duration;

use async_graphql::parser::types::{ExecutableDocument, OperationType, Selection, SelectionSet};
use axum::http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::answer::Ready;
use super::parsed::operation;

/// The fields of `Query` at the storefront whose answers are the same for all callers and may be a little old. Every other
/// field, a new one too, is answered with `no-store`.
const CATALOG: [&str; 11] = [
    "__schema",
    "__type",
    "__typename",
    "categories",
    "category",
    "node",
    "nodes",
    "product",
    "products",
    "stock",
    "suggest",
];

/// Arguments that must not be in an address, because servers and proxies log addresses.
const SECRETS: [&str; 1] = ["guestToken"];

/// Arguments that bind an answer to one client.
pub(super) const TOKENS: [&str; 2] = ["guestToken", "consistency"];

/// What a response depends on, besides the address. The layer for CORS adds `Origin`. The layer for compression would not add
/// `Accept-Encoding` to a 304, which has no body, and caches take over the headers of a 304.
const DEPENDS_ON: HeaderValue =
    HeaderValue::from_static("accept, accept-encoding, x-consistency-token, x-guest-token");

/// Why an operation is not answered by `GET`; `None` if it is.
pub(super) fn refusal(document: &ExecutableDocument, kind: OperationType) -> Option<&'static str> {
    if kind == OperationType::Subscription {
        return Some("a subscription needs a WebSocket, or a POST that accepts text/event-stream");
    }
    has_arguments(document, &SECRETS).then_some(
        "a query with a guestToken is not answered by GET, because addresses are logged; send it by POST (urql: preferGetMethod: false)",
    )
}

/// Whether a field of the document has one of these arguments.
pub(super) fn has_arguments(document: &ExecutableDocument, names: &[&str]) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).any(|set| selects_with(set, names))
}

fn selects_with(set: &SelectionSet, names: &[&str]) -> bool {
    set.items.iter().any(|selection| match &selection.node {
        Selection::Field(field) => {
            let mut arguments = field.node.arguments.iter();
            arguments.any(|(name, _)| names.contains(&name.node.as_str()))
                || selects_with(&field.node.selection_set.node, names)
        }
        Selection::InlineFragment(inline) => selects_with(&inline.node.selection_set.node, names),
        Selection::FragmentSpread(_) => false,
    })
}

/// Whether the operation reads the catalog only, so that its answer is the same for all callers.
pub(super) fn is_of_catalog(document: &ExecutableDocument, name: Option<&str>) -> bool {
    operation(document, name).is_some_and(|operation| is_catalog(&operation.selection_set.node, document))
}

/// Whether all fields at the root are [`CATALOG`]'s. The document has no cycles of fragments.
fn is_catalog(set: &SelectionSet, document: &ExecutableDocument) -> bool {
    set.items.iter().all(|selection| match &selection.node {
        Selection::Field(field) => CATALOG.contains(&field.node.name.node.as_str()),
        Selection::InlineFragment(inline) => is_catalog(&inline.node.selection_set.node, document),
        Selection::FragmentSpread(spread) => {
            let fragment = document.fragments.get(&spread.node.fragment_name.node);
            fragment.is_some_and(|fragment| is_catalog(&fragment.node.selection_set.node, document))
        }
    })
}

/// The response with which caches may keep an answer, or that the client's copy is still the same.
pub(super) fn kept(ready: Ready, request: &HeaderMap, max_age: Duration) -> Response {
    let tag = tag(&ready);
    let age = match max_age.as_secs() {
        0 => "public, no-cache".to_owned(),
        seconds => format!("public, max-age={seconds}"),
    };
    let known = request.get_all(IF_NONE_MATCH).iter().find_map(|sent| matching(sent.to_str().ok()?, &tag));
    let tag = known.as_ref().unwrap_or(&tag);
    let mut response = match &known {
        Some(_) => StatusCode::NOT_MODIFIED.into_response(),
        None => ready.respond(),
    };
    let headers = response.headers_mut();
    for (name, value) in [(ETAG, tag), (CACHE_CONTROL, &age)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(VARY, DEPENDS_ON);
    response
}

/// A strong validator: equal if media type and body are equal to the byte.
fn tag(ready: &Ready) -> String {
    let hash = Sha256::new().chain_update(ready.media.name()).chain_update([0]).chain_update(&ready.body);
    format!("\"{}\"", hex::encode(&hash.finalize()[..16]))
}

/// The tag of `If-None-Match` that names the same content, as the client sent it. A compressed body has the tag of the plain one
/// with a suffix ([`http_server::COMPRESSED_TAG`]).
fn matching(sent: &str, tag: &str) -> Option<String> {
    if sent.trim() == "*" {
        return Some(tag.to_owned());
    }
    let plain = |sent: &str| sent.replace(&format!("{}\"", http_server::COMPRESSED_TAG), "\"");
    let mut tags = sent.split(',').map(|sent| sent.trim().trim_start_matches("W/"));
    tags.find(|sent| plain(sent) == tag).map(str::to_owned)
}

#[cfg(test)]
mod tests;
