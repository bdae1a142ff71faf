//! Reading a command from an HTTP request.

use axum::body::Bytes;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, RawPathParams, Request};
use axum::http::{HeaderMap, StatusCode, header};
use domain::UserError;
use http_server::{Audience, CONSISTENCY_TOKEN, Caller, InvalidToken, TraceContext, parse_token};
use schemas::{CommandId, Context, OrderId};
use serde::de::DeserializeOwned;

use super::AppState;
use super::composed::composed;
use super::problem::Problem;
use super::route::RouteSpec;
use crate::accepted::CommandError;
use crate::commands::Commands;
use crate::ids::Named;
use crate::meta::CommandMeta;

/// The longest idempotency key, in characters.
const MAX_KEY: usize = 200;

/// A command as it arrived over HTTP.
pub(super) struct HttpCommand<I> {
    pub commands: Commands,
    pub meta: CommandMeta,
    /// The path's `{id}`; empty if it has none.
    pub id: String,
    /// The path's `{sku}`; empty if it has none.
    pub sku: String,
    pub input: I,
}

impl<I: DeserializeOwned> HttpCommand<I> {
    /// Reads the whole request.
    pub(super) async fn read(
        state: &AppState,
        caller: &Caller,
        route: &RouteSpec,
        params: &RawPathParams,
        request: Request,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let headers = &parts.headers;
        let meta = CommandMeta {
            expected: expected_version(headers)?,
            traceparent: Some(TraceContext::of(&parts.extensions).traceparent().to_owned()),
            ..CommandMeta::from_caller(idempotency_key(headers)?, caller)
        };
        let param = |wanted: &str| {
            params
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| value.to_owned())
                .unwrap_or_default()
        };
        let (id, sku) = (param("id"), param("sku"));
        if caller.audience() == Audience::Public && !id.is_empty() {
            require_guest_token(&state.commands, &id, headers).await?;
        }
        wait_for_token(state, route, headers, meta.command()).await?;
        let json = is_json(headers);
        let body = Bytes::from_request(Request::from_parts(parts, body), &()).await.map_err(|rejection| {
            match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => {
                    let detail = format!("The body has more than {} bytes.", state.max_body);
                    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "BODY_TOO_LARGE", detail)
                }
                status => Problem::new(status, "MALFORMED", "The body could not be read."),
            }
        })?;
        // A command without required fields needs no body.
        let input = if body.is_empty() { read(b"{}")? } else { read_json(json, &body)? };
        Ok(Self { commands: state.commands.clone(), meta, id, sku, input })
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let bad = |code, detail: &str| Problem::new(StatusCode::BAD_REQUEST, code, detail);
    let Some(key) = headers.get("idempotency-key").filter(|key| !key.is_empty()) else {
        let detail = "Send an Idempotency-Key header: a new random value for each command, and the same value for a retry.";
        return Err(bad("IDEMPOTENCY_KEY_MISSING", detail));
    };
    match key.to_str() {
        Ok(key) if key.len() <= MAX_KEY && key.bytes().all(|b| b.is_ascii_graphic()) => Ok(key.to_owned()),
        _ => {
            let detail = format!(
                "The Idempotency-Key must be at most {MAX_KEY} visible ASCII characters, without spaces."
            );
            Err(bad("IDEMPOTENCY_KEY_MALFORMED", &detail))
        }
    }
}

/// `If-Match: "7"`, with or without quotes; `*` accepts any version.
fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    match bare.parse() {
        _ if text == "*" => Ok(None),
        Ok(version) if bare.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(version)),
        _ => {
            let detail = "If-Match must be the version that the client last read, such as \"7\".";
            Err(Problem::new(StatusCode::BAD_REQUEST, "IF_MATCH_MALFORMED", detail))
        }
    }
}

/// Only holders of the order's guest token may access it; for everyone else the order does not exist.
async fn require_guest_token(commands: &Commands, id: &str, headers: &HeaderMap) -> Result<(), Problem> {
    let order: OrderId =
        Named::Order.id(id).map_err(|invalid| CommandError::invalid_id(Named::Order, invalid))?;
    let token = headers.get("x-guest-token").and_then(|token| token.to_str().ok()).unwrap_or_default();
    if commands.guest_may(&order.to_string(), token).await? {
        Ok(())
    } else {
        Err(Problem::not_found("order"))
    }
}

/// Waits until the context of the route has handled what the consistency token names, if there is one.
async fn wait_for_token(
    state: &AppState,
    route: &RouteSpec,
    headers: &HeaderMap,
    command: CommandId,
) -> Result<(), Problem> {
    let Some(token) = headers.get(CONSISTENCY_TOKEN) else { return Ok(()) };
    let versions =
        parse_token(token.to_str().unwrap_or("?")).map_err(|error| Problem::bad_token(sentence(error)))?;
    let contexts = route.context.map_or_else(|| Context::ALL.to_vec(), |context| vec![context]);
    Ok(state.commands.wait_for(state.following.as_ref(), &contexts, versions, command).await?)
}

/// `the consistency token …` as a sentence.
fn sentence(error: InvalidToken) -> String {
    format!("The consistency token {}.", error.0)
}

fn is_json(headers: &HeaderMap) -> bool {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn read_json<I: DeserializeOwned>(json: bool, body: &[u8]) -> Result<I, Problem> {
    if !json {
        let detail = "Send the body as application/json.";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail));
    }
    read(&composed(body))
}

fn read<I: DeserializeOwned>(body: &[u8]) -> Result<I, Problem> {
    let rejection = match axum::Json::<I>::from_bytes(body) {
        Ok(axum::Json(input)) => return Ok(input),
        Err(rejection) => rejection,
    };
    // The text begins with a general part; where and why follow it.
    let text = rejection.body_text();
    let why = text.split_once(": ").map_or(text.as_str(), |(_, why)| why);
    let bad = |code, detail: String| Problem::new(StatusCode::BAD_REQUEST, code, detail);
    match rejection {
        JsonRejection::JsonDataError(_) => {
            // A path comes first if it is known: `lines[0].quantity: invalid type: …`.
            let path = why.split_once(": ").filter(|(path, _)| is_path(path));
            let (field, message) =
                path.map_or((None, why), |(path, message)| (Some(path.to_owned()), message));
            let error =
                UserError { code: "MALFORMED".to_owned(), message: message.to_owned(), field, details: None };
            let detail = format!("The body does not have the expected fields: {why}.");
            Err(Problem { errors: vec![error], ..bad("MALFORMED", detail) })
        }
        _ => Err(bad("MALFORMED_JSON", format!("The body is not JSON: {why}."))),
    }
}

/// Messages of the JSON reader contain spaces, paths do not.
fn is_path(text: &str) -> bool {
    !text.is_empty() && !text.contains(' ')
}
