//! Reading a command from an HTTP request.

use axum::body::Bytes;
use axum::extract::{FromRequest, RawPathParams, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use http_server::{Audience, CONSISTENCY_TOKEN, Caller, InvalidToken, TraceContext, parse_token};
use schemas::{CommandId, Context, OrderId};
use serde::de::DeserializeOwned;

use super::AppState;
use super::body::{self, Body};
use super::problem::Problem;
use super::route::RouteSpec;
use super::shape::{Differences, Shape};
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
        shape: &Shape,
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
        let input = match body.is_empty() {
            true => read_nothing(shape)?,
            false if json => read_json(shape, &body, state.commands.accepts_numeric_tokens())?,
            false => {
                let detail = "Send the body as application/json.";
                return Err(Problem::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "UNSUPPORTED_MEDIA_TYPE",
                    detail,
                ));
            }
        };
        Ok(Self { commands: state.commands.clone(), meta, id, sku, input })
    }
}

/// A request has a header several times, with different values.
struct Several;

/// The value of a header that a request has at most once. The same value again changes nothing.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h HeaderValue>, Several> {
    let mut sent = headers.get_all(name).iter();
    let first = sent.next();
    if sent.any(|other| Some(other) != first) { Err(Several) } else { Ok(first) }
}

/// The key, alone or as a string of structured fields (RFC 9651), which the draft of the header asks for: `k1` and `"k1"` are
/// the same key.
fn idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    let bad = |code, detail: &str| Problem::new(StatusCode::BAD_REQUEST, code, detail);
    let sent = only(headers, "idempotency-key").map_err(|Several| {
        bad("IDEMPOTENCY_KEY_MALFORMED", "The request has several Idempotency-Key headers. Send one.")
    })?;
    let Some(sent) = sent.filter(|key| !key.is_empty()) else {
        let detail = "Send an Idempotency-Key header: a new random value for each command, and the same value for a retry.";
        return Err(bad("IDEMPOTENCY_KEY_MISSING", detail));
    };
    sent.to_str().ok().and_then(unquoted).ok_or_else(|| {
        let detail = format!(
            "The Idempotency-Key must be 1 to {MAX_KEY} visible ASCII characters, without spaces, quotes or backslashes. The \
             whole key may be in double quotes."
        );
        bad("IDEMPOTENCY_KEY_MALFORMED", &detail)
    })
}

/// The characters of a key, without the quotes around it.
fn unquoted(text: &str) -> Option<String> {
    let text = text.trim();
    let key = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let allowed = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    ((1..=MAX_KEY).contains(&key.len()) && key.bytes().all(allowed)).then(|| key.to_owned())
}

/// `If-Match: "7"`, with or without quotes; `*` accepts any version.
fn expected_version(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let bad = || {
        let detail = "If-Match must be the version that the client last read, such as \"7\".";
        Problem::new(StatusCode::BAD_REQUEST, "IF_MATCH_MALFORMED", detail)
    };
    let Some(value) = only(headers, "if-match").map_err(|Several| bad())? else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    match bare.parse() {
        _ if text == "*" => Ok(None),
        Ok(version) if bare.bytes().all(|b| b.is_ascii_digit()) => Ok(Some(version)),
        _ => Err(bad()),
    }
}

/// Only holders of the order's guest token may access it; for everyone else the order does not exist.
pub(super) async fn require_guest_token(
    commands: &Commands,
    id: &str,
    headers: &HeaderMap,
) -> Result<(), Problem> {
    let order: OrderId =
        Named::Order.id(id).map_err(|invalid| CommandError::invalid_id(Named::Order, invalid))?;
    let token = only(headers, "x-guest-token").ok().flatten();
    let token = token.and_then(|token| token.to_str().ok()).unwrap_or_default();
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

/// Reads the JSON of a body into an input. Names everything in which the body differs from the shape, at once.
fn read_json<I: DeserializeOwned>(shape: &Shape, bytes: &[u8], numeric_tokens: bool) -> Result<I, Problem> {
    let bad = |code, detail: String| Problem::new(StatusCode::BAD_REQUEST, code, detail);
    let Body { value, twice } =
        body::read(bytes).map_err(|why| bad("MALFORMED_JSON", format!("The body is not JSON: {why}.")))?;
    let mut found = Differences { numeric_tokens, ..Differences::default() };
    for name in twice {
        found.shape("DUPLICATE_FIELD", &name, "This name occurs twice in the same object.");
    }
    shape.compare(&value, &mut found);
    let Differences { problems, unreadable, .. } = found;
    let errors = problems.into_errors();
    if unreadable {
        let detail = "The body does not have the expected fields; userErrors lists all differences.";
        return Err(Problem { errors, ..bad("MALFORMED", detail.to_owned()) });
    }
    if !errors.is_empty() {
        return Err(CommandError::Invalid(errors).into());
    }
    serde_json::from_value(value).map_err(|error| {
        tracing::error!(%error, "a body has the shape of the contract but cannot be read");
        bad("MALFORMED", "The body does not have the expected fields.".to_owned())
    })
}

/// A command without required fields needs no body.
fn read_nothing<I: DeserializeOwned>(shape: &Shape) -> Result<I, Problem> {
    let mut problem = match read_json(shape, b"{}", false) {
        Ok(input) => return Ok(input),
        Err(problem) => problem,
    };
    problem.detail = format!("The body is empty; it must have the fields {}.", shape.required().join(", "));
    Err(problem)
}
