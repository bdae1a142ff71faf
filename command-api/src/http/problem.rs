//! Errors as problem+json (RFC 9457): each has a code for programs and a text for people. Internal details are logged, never
//! sent.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::{Refusal, RefusalKind, UserError};
use event_log::request::WriteError;
use http_server::{HttpError, TraceContext};
use platform::error::Chain;
use platform::sealing::SealingError;
use platform::vault::VaultError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::answers::Details;
use crate::accepted::CommandError;

/// The header of a replayed response.
pub(super) const REPLAYED: &str = "idempotent-replayed";

/// An error. It travels in the response's extensions until [`write`] makes it the body, because only there the trace id is
/// known.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub code: String,
    pub detail: String,
    pub errors: Vec<UserError>,
    /// The version that the stream has, if If-Match named another.
    pub current_version: Option<u64>,
    /// Whether the same request may succeed later without a change.
    pub retryable: bool,
    pub replayed: bool,
    /// The internal cause, for the log.
    pub cause: Option<String>,
}

/// A problem description (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// `urn:chorale:problem:` followed by the code.
    #[serde(rename = "type")]
    kind: String,
    /// Short summary of this type of problem: the same for all problems with the code.
    #[schema(example = "Price changed")]
    title: String,
    /// HTTP status code, the same as in the status line.
    status: u16,
    /// What is wrong with this request, in a sentence.
    detail: String,
    /// Error code for programs; stable.
    #[schema(example = "PRICE_CHANGED")]
    code: String,
    /// All invalid fields of the request. Empty if the problem does not concern fields.
    user_errors: Vec<FieldProblem>,
    /// Current version of the object. Present only if If-Match expected a different one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    current_version: Option<u64>,
    /// Whether the same request may succeed later without a change: what it depends on may still arrive.
    retryable: bool,
    /// Trace id of the request (32 hex digits); include it in support requests.
    trace_id: String,
}

/// One invalid field of a request.
#[derive(Serialize, ToSchema)]
pub(super) struct FieldProblem {
    /// Error code for programs; stable.
    code: String,
    /// What is wrong, and what would be valid.
    message: String,
    /// Path of the field in the request's JSON. Absent if the field is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "lines[0].sku", nullable = false)]
    field: Option<String>,
    /// Data for correcting the field, such as the current price. Absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Details>, nullable = false)]
    details: Option<Value>,
}

/// The title of a code: `PRICE_CHANGED` is "Price changed".
fn title(code: &str) -> String {
    let words = code.replace('_', " ").to_lowercase().replace("json", "JSON");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl From<UserError> for FieldProblem {
    fn from(error: UserError) -> Self {
        let UserError { code, message, field, details } = error;
        Self { code, message, field, details }
    }
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
            current_version: None,
            retryable: status == StatusCode::SERVICE_UNAVAILABLE,
            replayed: false,
            cause: None,
        }
    }

    /// The resource does not exist, or the caller may not know that it does.
    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("There is no such {what}."))
    }

    /// The consistency token cannot be honoured. `detail`: why.
    pub(super) fn bad_token(detail: String) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_CONSISTENCY_TOKEN", detail)
    }

    /// Nothing is served at the path, for this caller.
    pub(super) fn unknown_path() -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", UNKNOWN_PATH)
    }

    /// The request may succeed when it is repeated.
    fn unavailable(code: &str, detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    fn internal(cause: String) -> Self {
        let detail = "Internal error. It is safe to retry with the same Idempotency-Key.";
        Self { cause: Some(cause), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", detail) }
    }

    fn refused(refusal: Refusal, replayed: bool) -> Self {
        let status = match refusal.kind {
            RefusalKind::Rule => StatusCode::UNPROCESSABLE_ENTITY,
            RefusalKind::NotFound => StatusCode::NOT_FOUND,
            RefusalKind::Conflict => StatusCode::CONFLICT,
        };
        let Refusal { code, message, errors, retryable, .. } = refusal;
        Self { errors, retryable, replayed, ..Self::new(status, &code, message) }
    }

    /// Makes the problem the response's body. Logs the internal cause, once.
    fn write_to(self, response: &mut Response, trace: &TraceContext) {
        let (status, code) = (self.status, self.code.as_str());
        if let Some(cause) = self.cause.filter(|_| status.is_server_error()) {
            tracing::error!(
                trace_id = trace.trace_id(),
                status = status.as_u16(),
                code,
                cause,
                "request failed"
            );
        }
        let body = ProblemBody {
            kind: format!("urn:chorale:problem:{code}"),
            title: title(code),
            status: status.as_u16(),
            detail: self.detail,
            code: self.code,
            user_errors: self.errors.into_iter().map(Into::into).collect(),
            current_version: self.current_version,
            retryable: self.retryable,
            trace_id: trace.trace_id().to_owned(),
        };
        let (parts, bytes) = (status, Json(body)).into_response().into_parts();
        *response.status_mut() = parts.status;
        *response.body_mut() = bytes;
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
    }

    /// The problem of a response, also of one that a layer or extractor made. `None` if the response is not an error.
    fn of(response: &mut Response) -> Option<Self> {
        let status = response.status();
        if let Some(problem) = response.extensions_mut().remove::<Self>() {
            return Some(problem);
        }
        let (code, detail) = match status {
            status if !status.is_client_error() && !status.is_server_error() => return None,
            StatusCode::METHOD_NOT_ALLOWED => {
                ("METHOD_NOT_ALLOWED", "This path does not support that method; see the Allow header.")
            }
            StatusCode::PAYLOAD_TOO_LARGE => ("BODY_TOO_LARGE", "The body is too large."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("UNSUPPORTED_MEDIA_TYPE", "Send the body as application/json.")
            }
            StatusCode::NOT_FOUND => ("NOT_FOUND", UNKNOWN_PATH),
            status if status.is_client_error() => ("MALFORMED", "The request is malformed."),
            _ => return Some(Self { status, ..Self::internal("a response without a cause".to_owned()) }),
        };
        Some(Self::new(status, code, detail))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<CommandError> for Problem {
    fn from(error: CommandError) -> Self {
        let cause = Chain(&error).to_string();
        match error {
            CommandError::Invalid(errors) => {
                let detail = "Some fields are invalid; userErrors lists all of them.";
                Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", detail) }
            }
            CommandError::Refused { refusal, replayed } => Self::refused(refusal, replayed),
            CommandError::Conflict { version, replayed, .. } => {
                let detail = format!("The object is at version {version}. Read it again before changing it.");
                let problem = Self::new(StatusCode::CONFLICT, "VERSION_CONFLICT", detail);
                Self { current_version: Some(version), replayed, ..problem }
            }
            CommandError::OfAnotherType { expected, found } => {
                let detail = format!("This is the id of a {found}; the path takes the id of a {expected}.");
                Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", detail)
            }
            CommandError::NotFound(what) => Self::not_found(what),
            CommandError::UnknownVersion { stream, version } => Self::bad_token(format!(
                "The consistency token names {stream}@{version}, which does not exist."
            )),
            CommandError::Behind { context, stream, version } => {
                let detail = format!(
                    "{context} has not handled {stream}@{version} of the consistency token yet. Retry with the same Idempotency-Key."
                );
                Self::unavailable("NOT_CAUGHT_UP", &detail)
            }
            CommandError::Write(WriteError::KeyReused) => key_reused(),
            CommandError::Write(WriteError::Failed(_)) | CommandError::Internal(_) => Self::internal(cause),
            CommandError::Write(
                WriteError::Contended | WriteError::Overtaken | WriteError::Closed | WriteError::Log(_),
            )
            | CommandError::Sealing(SealingError::Vault(
                VaultError::Unavailable(_) | VaultError::Lingering { .. } | VaultError::Address(_),
            )) => {
                let detail = "The command cannot be recorded now. Retry with the same Idempotency-Key.";
                Self { cause: Some(cause), ..Self::unavailable("UNAVAILABLE", detail) }
            }
            CommandError::Sealing(SealingError::Vault(VaultError::Erased { .. })) => {
                let detail = "The personal data of this object was erased; none can be added.";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "SUBJECT_ERASED", detail)
            }
            CommandError::Sealing(_) => Self::internal(cause),
        }
    }
}

/// The key was used for a different request.
pub(super) fn key_reused() -> Problem {
    let detail = "This Idempotency-Key was used for a different request. Use a new key for a new request.";
    Problem::new(StatusCode::CONFLICT, "IDEMPOTENCY_KEY_REUSED", detail)
}

const UNKNOWN_PATH: &str = "There is nothing at this path; see / for what is served at this address.";

/// Writes an error of the HTTP middleware as problem+json.
pub fn problem_for(error: HttpError, trace: &TraceContext) -> Response {
    let problem = match error {
        HttpError::UnknownPath => Problem::unknown_path(),
        HttpError::NotReady => Problem::unavailable(
            "NOT_READY",
            "The process is shutting down, or a store that it needs does not answer.",
        ),
        HttpError::Busy => Problem::unavailable(
            "BUSY",
            "Too many requests are being processed. Retry with the same Idempotency-Key.",
        ),
        HttpError::TimedOut => {
            let detail = "The request timed out. Retry with the same Idempotency-Key to learn whether it was recorded.";
            Problem { cause: Some("timed out".to_owned()), ..Problem::unavailable("TIMEOUT", detail) }
        }
        HttpError::Encoded => {
            let detail = "Send the body without Content-Encoding: compressed bodies are not read.";
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE", detail)
        }
        HttpError::Panicked => Problem::internal("a handler panicked".to_owned()),
    };
    let mut response = problem.status.into_response();
    problem.write_to(&mut response, trace);
    response
}

/// Writes the problem of every error of a handler, an extractor or the router.
pub(super) async fn write(request: Request, next: Next) -> Response {
    let trace = TraceContext::of(request.extensions());
    let mut response = next.run(request).await;
    if let Some(problem) = Problem::of(&mut response) {
        problem.write_to(&mut response, &trace);
    }
    response
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::middleware::from_fn;
    use axum::routing::get;
    use event_log::port::LogError;
    use http_server::ApiLayers;
    use tower::ServiceExt;

    use super::*;

    #[test]
    fn internal_causes_are_kept_for_the_log_and_not_sent() {
        let log = LogError::Unavailable("disk I/O error of /srv/secret.db".to_owned(), None);
        let failed: Problem = CommandError::Write(WriteError::Log(Arc::new(log))).into();
        let broken: Problem = CommandError::Internal("order-1@1 cannot be read".to_owned()).into();
        for (problem, status, inside) in [(failed, 503, "secret"), (broken, 500, "order-1")] {
            assert_eq!(problem.status.as_u16(), status);
            assert!(problem.cause.as_ref().is_some_and(|cause| cause.contains(inside)), "{problem:?}");
            assert!(!problem.detail.contains(inside) && problem.errors.is_empty(), "{problem:?}");
        }
    }

    #[test]
    fn a_title_is_the_code_in_words() {
        for (code, words) in
            [("PRICE_CHANGED", "Price changed"), ("MALFORMED_JSON", "Malformed JSON"), ("", "")]
        {
            assert_eq!(title(code), words);
        }
    }

    async fn panics() -> &'static str {
        panic!("the secret ingredient is nutmeg")
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_without_its_message() {
        let limits = crate::http::LIMITS;
        let routes = Router::new().route("/", get(panics)).layer(from_fn(write));
        let router = ApiLayers::new(limits, problem_for).around(routes);
        let response = router.oneshot(Request::new(Body::empty())).await.unwrap();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        let body = to_bytes(response.into_body(), 10_000).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        assert!(body.contains("INTERNAL_ERROR") && !body.contains("nutmeg"), "{body}");
    }
}
