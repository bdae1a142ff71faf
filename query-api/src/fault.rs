//! What can go wrong with a query, and what the client learns of it.

use async_graphql::{ErrorExtensionValues, ServerError};
use http_server::{InvalidToken, TraceContext};
use platform::sealing::SealingError;
use read_models::StoreError;
use search::SearchError;

use crate::product_index::IndexError;
use crate::services::BoxError;

/// Why a field has no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// The cursor is malformed, or belongs to a different list or sort order.
    #[error(
        "the cursor does not belong to this list in this sort order; take it from an edge or pageInfo of the same query"
    )]
    BadCursor,
    /// The id is malformed.
    #[error("{0:?} is not an id of the expected type; use the value of an id field")]
    BadId(String),
    /// The arguments contradict each other or are out of range.
    #[error("{0}")]
    BadInput(String),
    /// The consistency token is malformed.
    #[error(transparent)]
    BadToken(#[from] InvalidToken),
    /// There is no such object, or the caller may not see it.
    #[error("{0}")]
    NotFound(&'static str),
    /// A subscriber missed changes, because it did not take them in time.
    #[error(
        "{0} changes were missed, because the client reads too slowly; query the list and subscribe again"
    )]
    Missed(u64),
    /// A read model does not respond.
    #[error(transparent)]
    Store(StoreError),
    /// The search index is still being built.
    #[error("the search index is still being built")]
    NoIndex,
    /// The search index does not respond.
    #[error(transparent)]
    Search(SearchError),
    /// The search index could not be brought up to the required versions.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// Personal data could not be decrypted.
    #[error("personal data could not be decrypted")]
    Sealing(#[source] SealingError),
    /// A document holds a name that this program does not know.
    #[error("a document holds {text:?} where a {expected} is expected")]
    Unknown {
        /// Type of the enum.
        expected: String,
        /// The name in the document.
        text: String,
    },
    /// A document holds a number that no `Int` can hold.
    #[error("{0} is beyond the range of Int; it was recorded before such numbers were refused")]
    BeyondInt(u32),
    /// The status of projectors or reactors could not be read.
    #[error("the status of the {0} is not known")]
    Status(&'static str, #[source] BoxError),
    /// One fault for several fields that were read together.
    #[error(transparent)]
    Shared(std::sync::Arc<Fault>),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            // A well-formed cursor whose values do not fit: it was tampered with.
            StoreError::Cursor { .. } => Self::BadCursor,
            error => Self::Store(error),
        }
    }
}

impl From<SearchError> for Fault {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Cursor => Self::BadCursor,
            SearchError::TooLong | SearchError::TooManyFilters => Self::BadInput(error.to_string()),
            error @ SearchError::Unavailable(_) => Self::Search(error),
        }
    }
}

impl From<SealingError> for Fault {
    fn from(error: SealingError) -> Self {
        Self::Sealing(error)
    }
}

impl Fault {
    /// The error code, and whether the message may be shown to clients.
    fn code(&self) -> (&'static str, bool) {
        match self {
            Self::BadCursor => ("BAD_CURSOR", true),
            Self::BadId(_) => ("BAD_ID", true),
            Self::BadInput(_) => ("BAD_INPUT", true),
            Self::BadToken(_) => ("BAD_CONSISTENCY_TOKEN", true),
            Self::NotFound(_) => ("NOT_FOUND", true),
            Self::BeyondInt(_) => ("OUT_OF_RANGE", true),
            Self::Missed(_) => ("CHANGES_MISSED", true),
            Self::Store(StoreError::Unavailable(..) | StoreError::NoSpace)
            | Self::NoIndex
            | Self::Search(_)
            | Self::Index(_) => ("UNAVAILABLE", false),
            Self::Shared(fault) => fault.code(),
            Self::Store(_) | Self::Sealing(_) | Self::Unknown { .. } | Self::Status(..) => {
                ("INTERNAL", false)
            }
        }
    }
}

/// Makes errors fit for clients: each has a code, and internal causes are logged and replaced by the trace id.
pub(crate) fn present(errors: &mut [ServerError], trace: &TraceContext) {
    for error in errors {
        present_error(error, trace);
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
                    "UNAVAILABLE" => "this data is temporarily unavailable; try again later".to_owned(),
                    _ => "internal error; report the traceId if it persists".to_owned(),
                };
                extensions.set("traceId", trace_id);
            }
            code
        }
        (None, true) => {
            tracing::error!(trace_id = trace.trace_id(), path = ?error.path, "resolver failed with an unexpected error");
            error.message = "internal error".to_owned();
            "INTERNAL"
        }
        // What the engine itself says is about the client's query or arguments.
        (None, false) if error.path.is_empty() => "GRAPHQL_VALIDATION_FAILED",
        (None, false) => "BAD_INPUT",
    };
    extensions.set("code", code);
    error.extensions = Some(extensions);
}
