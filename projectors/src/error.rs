//! What can go wrong around projections. What is wrong with a single event is an [`Indigestible`](crate::Indigestible).

use std::time::Duration;

use platform::bus::BusError;
use read_models::StoreError;

/// Why a projector cannot go on for now.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The documents cannot be read or written.
    #[error("the documents cannot be used")]
    Store(#[from] StoreError),
    /// The topics cannot be read.
    #[error("the topics cannot be read")]
    Bus(#[from] BusError),
    /// What the projector itself keeps cannot be written as JSON.
    #[error("a document cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A held event is not what was put there.
    #[error("held event {0} cannot be read")]
    Held(String),
    /// No projection has that name.
    #[error("there is no projection named {0}")]
    Unknown(String),
    /// Waiting ended before the projections had caught up.
    #[error("{projection} had not caught up after {waited:?}")]
    Behind {
        /// The first that had not.
        projection: &'static str,
        /// How long it was waited for.
        waited: Duration,
    },
}

/// The whole chain of an error in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
