//! What can go wrong with a query, and what the client is told of it.

use async_graphql::{ErrorExtensionValues, Response, ServerError};
use http_server::TraceContext;
use platform::sealing::SealingError;
use read_models::StoreError;

use crate::services::BoxError;

/// Why a field has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The client gave a cursor that is none, or one of another list or sort.
    #[error(
        "the cursor is not one of this list in this order; take it from an edge or pageInfo of the same query"
    )]
    BadCursor,
    /// The client gave an id that is none.
    #[error("{0:?} is not an id; take ids from the field id of an answer")]
    BadId(String),
    /// The client gave arguments that do not go together.
    #[error("{0}")]
    BadInput(String),
    /// The client's consistency token is none.
    #[error("the consistency token {0}")]
    BadToken(&'static str),
    /// A read model does not answer.
    #[error(transparent)]
    Store(StoreError),
    /// Personal data could not be opened.
    #[error("personal data could not be opened")]
    Sealing(#[source] SealingError),
    /// A document says something that this program does not know.
    #[error("a document says {text:?} where a {expected} should stand")]
    Unknown {
        /// The name of the type.
        expected: String,
        /// What stands there.
        text: String,
    },
    /// The projectors do not say how they are.
    #[error("the projectors do not say how they are")]
    Projectors(#[source] BoxError),
    /// The same fault met several fields that were read together.
    #[error(transparent)]
    Shared(std::sync::Arc<Fault>),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            // A well-formed cursor whose values do not fit: it was tampered with.
            StoreError::Place { .. } => Self::BadCursor,
            error => Self::Store(error),
        }
    }
}

impl From<SealingError> for Fault {
    fn from(error: SealingError) -> Self {
        Self::Sealing(error)
    }
}

impl Fault {
    /// The machine's name for it, and whether its message is for clients.
    fn code(&self) -> (&'static str, bool) {
        match self {
            Self::BadCursor => ("BAD_CURSOR", true),
            Self::BadId(_) => ("BAD_ID", true),
            Self::BadInput(_) => ("BAD_INPUT", true),
            Self::BadToken(_) => ("BAD_CONSISTENCY_TOKEN", true),
            Self::Store(StoreError::Unavailable(..) | StoreError::NoSpace) => ("UNAVAILABLE", false),
            Self::Shared(fault) => fault.code(),
            Self::Store(_) | Self::Sealing(_) | Self::Unknown { .. } | Self::Projectors(_) => {
                ("INTERNAL", false)
            }
        }
    }
}

/// Makes a response fit for clients: every error has a code, internal causes are logged and replaced by the trace id, and a
/// field that failed is null instead of missing.
pub(crate) fn present(response: &mut Response, trace: &TraceContext) {
    for error in &mut response.errors {
        present_error(error, trace);
        fill_in_null(&mut response.data, &error.path);
    }
}

fn present_error(error: &mut ServerError, trace: &TraceContext) {
    let coded = error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some());
    if coded {
        return;
    }
    let mut extensions = ErrorExtensionValues::default();
    let code = match (error.source::<Fault>(), error.source.is_some()) {
        (Some(fault), _) => {
            let (code, public) = fault.code();
            if !public {
                let trace_id = trace.trace_id();
                tracing::error!(trace_id, error = fault as &dyn std::error::Error, "query failed");
                error.message = match code {
                    "UNAVAILABLE" => "this part cannot be read just now; try again later".to_owned(),
                    _ => "something went wrong here".to_owned(),
                };
                extensions.set("traceId", trace_id);
            }
            code
        }
        (None, true) => {
            tracing::error!(trace_id = trace.trace_id(), path = ?error.path, "a resolver failed with an unknown error");
            error.message = "something went wrong here".to_owned();
            "INTERNAL"
        }
        // What the engine itself says is about the client's query or arguments.
        (None, false) if error.path.is_empty() => "GRAPHQL_VALIDATION_FAILED",
        (None, false) => "BAD_INPUT",
    };
    extensions.set("code", code);
    error.extensions = Some(extensions);
}

/// The engine leaves a field out when it failed; the specification wants null there.
fn fill_in_null(data: &mut async_graphql::Value, path: &[async_graphql::PathSegment]) {
    use async_graphql::{Name, PathSegment, Value};
    match (data, path) {
        (Value::Object(fields), [PathSegment::Field(name)]) => {
            fields.entry(Name::new(name)).or_insert(Value::Null);
        }
        (Value::Object(fields), [PathSegment::Field(name), rest @ ..]) => {
            if let Some(inner) = fields.get_mut(name.as_str()) {
                fill_in_null(inner, rest);
            }
        }
        (Value::List(items), [PathSegment::Index(index), rest @ ..]) => {
            if let Some(inner) = items.get_mut(*index) {
                fill_in_null(inner, rest);
            }
        }
        // A root of which every field failed is null itself.
        (root @ Value::Null, [PathSegment::Field(name)]) => {
            *root = Value::Object([(Name::new(name), Value::Null)].into_iter().collect());
        }
        _ => {}
    }
}
