//! A request as a command: who asks, under which key, about what, saying what.

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, RawPathParams, Request};
use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::UserError;
use schemas::OrderId;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use super::trace::Trace;
use super::{Door, Side};
use crate::commands::Commands;
use crate::meta::Meta;

/// Characters of an idempotency key.
const KEY: usize = 200;

/// A command as it was asked for over HTTP.
pub(super) struct Call<I> {
    pub shop: Commands,
    pub meta: Meta,
    /// What the address names `{id}`; empty where it names none.
    pub id: String,
    /// What the address names `{sku}`; empty where it names none.
    pub sku: String,
    pub input: I,
}

impl<I: DeserializeOwned> Call<I> {
    /// Reads the whole request.
    pub async fn read(door: &Door, params: &RawPathParams, request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let headers = &parts.headers;
        let meta = meta(door, headers, parts.extensions.get::<Trace>())?;
        let param = |wanted: &str| {
            params
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.to_owned())
                .unwrap_or_default()
        };
        let (id, sku) = (plain(param("id")), param("sku"));
        if door.0.side == Side::Public && !id.is_empty() {
            may_touch(&door.0.commands, &id, headers).await?;
        }
        let json = is_json(headers);
        let body = Bytes::from_request(Request::from_parts(parts, body), &()).await.map_err(|rejection| {
            match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    let detail = format!("The body has more than {} bytes.", door.0.options.max_body);
                    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail)
                }
                status => Problem::new(status, "MALFORMED", "The body could not be received."),
            }
        })?;
        // A command may have nothing to say.
        let input = if body.is_empty() { read(b"{}")? } else { read_json(json, &body)? };
        Ok(Self { shop: door.0.commands.clone(), meta, id, sku, input })
    }
}

/// The id inside a global id of the query API; anything else as it is. What a query shows can so be named in a command.
fn plain(id: String) -> String {
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(&id).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let key = decoded.as_deref().and_then(|text| text.split_once(':')).map(|(_, key)| key);
    key.filter(|key| uuid::Uuid::try_parse(key).is_ok()).map(str::to_owned).unwrap_or(id)
}

fn meta(door: &Door, headers: &HeaderMap, trace: Option<&Trace>) -> Result<Meta, Problem> {
    let key = key(headers)?;
    let meta = match door.0.side {
        Side::Public => Meta::shopper(key),
        Side::Staff => Meta::staff(key, &door.0.options.staff),
    };
    let traceparent = trace.map(|trace| trace.parent.clone());
    Ok(Meta { expected: expected(headers)?, traceparent, ..meta })
}

fn key(headers: &HeaderMap) -> Result<String, Problem> {
    let bad = |code, detail: &str| Problem::new(StatusCode::BAD_REQUEST, code, detail);
    let Some(key) = headers.get("idempotency-key").filter(|key| !key.is_empty()) else {
        let detail = "Send an Idempotency-Key header: a new random value for each command, the same when you repeat it.";
        return Err(bad("IDEMPOTENCY_KEY_MISSING", detail));
    };
    match key.to_str() {
        Ok(key) if key.len() <= KEY && key.bytes().all(|b| b.is_ascii_graphic()) => Ok(key.to_owned()),
        _ => {
            let detail = format!(
                "The Idempotency-Key must be at most {KEY} visible ASCII characters, without spaces."
            );
            Err(bad("IDEMPOTENCY_KEY_MALFORMED", &detail))
        }
    }
}

/// `If-Match: "7"`, with or without quotes; `*` insists on nothing.
fn expected(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    match bare.parse() {
        _ if text == "*" => Ok(None),
        Ok(version) if bare.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(version)),
        _ => {
            let detail = "If-Match must be the version that you saw, such as \"7\".";
            Err(Problem::new(StatusCode::BAD_REQUEST, "IF_MATCH_MALFORMED", detail))
        }
    }
}

/// A shopper's order is theirs who hold its token; to everybody else it does not exist.
async fn may_touch(commands: &Commands, id: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let order: OrderId = id.parse().map_err(|_| Problem::not_found("order"))?;
    let token = headers.get("x-guest-token").and_then(|token| token.to_str().ok()).unwrap_or_default();
    if commands.guest_may(&order.to_string(), token).await? {
        Ok(())
    } else {
        Err(Problem::not_found("order"))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let named = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn read_json<I: DeserializeOwned>(json: bool, body: &[u8]) -> Result<I, Problem> {
    if !json {
        let detail = "Send the body as application/json.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail));
    }
    read(body)
}

fn read<I: DeserializeOwned>(body: &[u8]) -> Result<I, Problem> {
    let rejection = match axum::Json::<I>::from_bytes(body) {
        Ok(axum::Json(input)) => return Ok(input),
        Err(rejection) => rejection,
    };
    // The first part says what was tried, the rest where and why.
    let text = rejection.body_text();
    let why = text.split_once(": ").map_or(text.as_str(), |(_, why)| why);
    let bad = |code, detail: String| Problem::new(StatusCode::BAD_REQUEST, code, detail);
    match rejection {
        JsonRejection::JsonDataError(_) => {
            // A path comes first, where it is known: `lines[0].quantity: invalid type: …`.
            let path = why.split_once(": ").filter(|(path, _)| is_path(path));
            let (field, message) =
                path.map_or((None, why), |(path, message)| (Some(path.to_owned()), message));
            let error =
                UserError { code: "MALFORMED".to_owned(), message: message.to_owned(), field, details: None };
            Err(Problem { errors: vec![error], ..bad("MALFORMED", format!("The body does not fit: {why}.")) })
        }
        _ => Err(bad("MALFORMED_JSON", format!("The body is not JSON: {why}."))),
    }
}

/// Messages of the JSON reader have spaces, paths have none.
fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains(' ')
}
