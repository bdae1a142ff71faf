//! Errors of projectors. The error of a single event is an [`ApplyError`](crate::ApplyError).

use std::time::Duration;

use platform::bus::BusError;
use read_models::StoreError;

/// Why a projector cannot go on for now.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The documents cannot be read or written.
    #[error("the documents cannot be read or written")]
    Store(#[from] StoreError),
    /// The topics cannot be read.
    #[error("the topics cannot be read")]
    Bus(#[from] BusError),
    /// A record cannot be written as JSON.
    #[error("a record cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// A quarantined event cannot be read back.
    #[error("the quarantined event {0} cannot be read")]
    Quarantined(String),
    /// The store holds an earlier moment than this process has written.
    #[error("the documents were restored to an earlier moment")]
    Restored,
    /// No projection has that name.
    #[error("there is no projection named {0}")]
    Unknown(String),
    /// The projections did not catch up in time.
    #[error("{projection} had not caught up after {waited:?}")]
    Behind {
        /// The first projection that is behind.
        projection: &'static str,
        waited: Duration,
    },
}
