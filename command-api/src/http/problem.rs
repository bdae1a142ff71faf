//! What is wrong, as RFC 9457 problem+json: for every error, with a code for programs and words for people, and never a
//! word of what went on inside.

use std::any::Any;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::{Refusal, RefusalKind, UserError};
use event_log::request::WriteError;
use platform::sealing::SealingError;
use platform::vault::VaultError;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::trace::Trace;
use crate::accepted::CommandError;

/// Says that an answer is the first one again.
pub(super) const REPLAYED: &str = "idempotent-replayed";

/// A request that was not carried out. It travels in the response's extensions and becomes its body at the very end.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub status: StatusCode,
    pub code: String,
    pub detail: String,
    pub errors: Vec<UserError>,
    /// The version that a stream has, where another was insisted on.
    pub current_version: Option<u64>,
    pub replayed: bool,
    /// What went on inside, for the program's log.
    pub cause: Option<String>,
}

/// A problem, as it is sent (RFC 9457).
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub(super) struct ProblemBody {
    /// `urn:chorale:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// What kind of problem, in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time, in words.
    detail: String,
    /// What kind of problem, for programs.
    #[schema(example = "PRICE_CHANGED")]
    code: String,
    /// Everything that is wrong with the request's fields, at once.
    user_errors: Vec<FieldProblem>,
    /// The version that the stream has, where If-Match insisted on another.
    #[serde(skip_serializing_if = "Option::is_none")]
    current_version: Option<u64>,
    /// Name it when you ask for help.
    trace_id: String,
}

/// One thing that is wrong with a request.
#[derive(Serialize, ToSchema)]
pub(super) struct FieldProblem {
    /// For programs.
    code: String,
    /// For people: what is wrong and what would be right.
    message: String,
    /// Which field, as a path in the request's JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "lines[0].sku")]
    field: Option<String>,
    /// What a program needs to mend it, such as the new price.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    details: Option<Value>,
}

impl From<UserError> for FieldProblem {
    fn from(error: UserError) -> Self {
        let UserError { code, message, field, details } = error;
        Self { code, message, field, details }
    }
}

impl Problem {
    pub fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            detail: detail.into(),
            errors: Vec::new(),
            current_version: None,
            replayed: false,
            cause: None,
        }
    }

    /// There is no such thing, or it is not the caller's.
    pub fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", format!("There is no such {what}."))
    }

    /// Try again: nothing is wrong with the request.
    pub fn unavailable(code: &str, detail: &str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail)
    }

    fn internal(cause: String) -> Self {
        let detail = "Something went wrong here. Repeating the request under the same key does no harm.";
        Self { cause: Some(cause), ..Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", detail) }
    }

    fn refused(refusal: Refusal, replayed: bool) -> Self {
        let status = match refusal.kind {
            RefusalKind::Rule => StatusCode::UNPROCESSABLE_ENTITY,
            RefusalKind::NotFound => StatusCode::NOT_FOUND,
            RefusalKind::Conflict => StatusCode::CONFLICT,
        };
        Self { errors: refusal.errors, replayed, ..Self::new(status, &refusal.code, refusal.message) }
    }

    /// Writes the body. What happened inside is logged here, once.
    pub fn sent(self, response: &mut Response, trace: &Trace) {
        let (status, code) = (self.status, self.code.as_str());
        if let Some(cause) = self.cause.filter(|_| status.is_server_error()) {
            tracing::error!(
                trace_id = trace.id,
                status = status.as_u16(),
                code,
                cause,
                "a request was not carried out"
            );
        }
        let body = ProblemBody {
            kind: format!("urn:chorale:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: self.detail,
            code: self.code,
            user_errors: self.errors.into_iter().map(Into::into).collect(),
            current_version: self.current_version,
            trace_id: trace.id.clone(),
        };
        let (parts, bytes) = (status, Json(body)).into_response().into_parts();
        *response.status_mut() = parts.status;
        *response.body_mut() = bytes;
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
    }

    /// The problem that a response is, whoever made it. `None`: it is none.
    pub fn of(response: &mut Response) -> Option<Self> {
        let status = response.status();
        if let Some(problem) = response.extensions_mut().remove::<Self>() {
            return Some(problem);
        }
        let (code, detail) = match status {
            status if !status.is_client_error() && !status.is_server_error() => return None,
            StatusCode::METHOD_NOT_ALLOWED => (
                "METHOD_NOT_ALLOWED",
                "This address does not take that method; the Allow header names those it takes.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => ("BODY_TOO_LARGE", "The body is too large."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => ("UNSUPPORTED_MEDIA_TYPE", "Send application/json."),
            StatusCode::NOT_FOUND => ("NOT_FOUND", "There is nothing at this address."),
            status if status.is_client_error() => ("MALFORMED", "The request cannot be read."),
            _ => return Some(Self { status, ..Self::internal("an answer without a cause".to_owned()) }),
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
        let cause = chain(&error);
        match error {
            CommandError::Invalid(errors) => {
                let detail = "Some fields are wrong; userErrors names them all.";
                Self { errors, ..Self::new(StatusCode::BAD_REQUEST, "INVALID_INPUT", detail) }
            }
            CommandError::Refused { refusal, replayed } => Self::refused(refusal, replayed),
            CommandError::Conflict { version, replayed, .. } => {
                let detail = format!("It is at version {version}: look at it again before you change it.");
                let problem = Self::new(StatusCode::CONFLICT, "VERSION_CONFLICT", detail);
                Self { current_version: Some(version), replayed, ..problem }
            }
            CommandError::NotFound(what) => Self::not_found(what),
            CommandError::Write(WriteError::KeyReused) => key_reused(),
            CommandError::Write(WriteError::Failed(_)) | CommandError::Internal(_) => Self::internal(cause),
            CommandError::Write(
                WriteError::Contended | WriteError::Overtaken | WriteError::Closed | WriteError::Log(_),
            )
            | CommandError::Sealing(SealingError::Vault(
                VaultError::Unavailable(_) | VaultError::Lingering { .. } | VaultError::Address(_),
            )) => {
                let detail = "The shop cannot record this now. Repeat it under the same key.";
                Self { cause: Some(cause), ..Self::unavailable("UNAVAILABLE", detail) }
            }
            CommandError::Sealing(SealingError::Vault(VaultError::Erased { .. })) => {
                let detail = "The personal data that this is about was erased, so none can be added.";
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "SUBJECT_ERASED", detail)
            }
            CommandError::Sealing(_) => Self::internal(cause),
        }
    }
}

/// The key was used for another request.
pub(super) fn key_reused() -> Problem {
    let detail = "This Idempotency-Key came with another request before: use a new key for a new request.";
    Problem::new(StatusCode::CONFLICT, "IDEMPOTENCY_KEY_REUSED", detail)
}

pub(super) async fn unknown_route() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        "There is nothing at this address; /docs shows what there is.",
    )
}

/// What was said in the panic may be anything, so it is not repeated; the panic hook has told standard error.
pub(super) fn panicked(_said: Box<dyn Any + Send + 'static>) -> Response {
    Problem::internal("a handler panicked".to_owned()).into_response()
}

/// An error with its sources.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use event_log::port::LogError;

    use super::*;

    #[test]
    fn what_went_on_inside_is_kept_for_the_log_and_not_told() {
        let log = LogError::Unavailable("disk I/O error of /srv/secret.db".to_owned(), None);
        let failed: Problem = CommandError::Write(WriteError::Log(Arc::new(log))).into();
        let broken: Problem = CommandError::Internal("order-1@1 cannot be read".to_owned()).into();
        for (problem, status, inside) in [(failed, 503, "secret"), (broken, 500, "order-1")] {
            assert_eq!(problem.status.as_u16(), status);
            assert!(problem.cause.as_ref().is_some_and(|cause| cause.contains(inside)), "{problem:?}");
            assert!(!problem.detail.contains(inside) && problem.errors.is_empty(), "{problem:?}");
        }
    }
}
