//! What the query API is given.

use std::sync::Arc;

use async_trait::async_trait;
use platform::clock::Clock;
use platform::sealing::Sealer;
use read_models::Store;

/// What queries are answered from. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// The read models, connected with (at least) [`read_models::documents::ALL`].
    pub store: Store,
    /// Opens personal data for those who may see it, and makes guest tokens.
    pub sealer: Sealer,
    /// The one clock.
    pub clock: Clock,
    /// Tells how the projectors are doing.
    pub projectors: Arc<dyn ProjectorSource>,
}

/// An error of whatever kind the wiring has.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Tells how the projectors are doing. The wiring gives one, because this crate does not know projectors.
#[async_trait]
pub trait ProjectorSource: Send + Sync {
    /// Every generation that is being fed, and the retired ones that can be gone back to.
    async fn projectors(&self) -> Result<Vec<ProjectorStatus>, BoxError>;
}

/// How a projection's generation is doing.
#[derive(Clone, Debug, PartialEq)]
pub struct ProjectorStatus {
    /// The projection, named like its collection: `orders`.
    pub name: String,
    /// The kind of store it writes to: `sqlite`.
    pub store: String,
    /// The shape of its documents.
    pub shape: u32,
    /// The number of the generation.
    pub generation: u32,
    /// What it is doing.
    pub state: ProjectorState,
    /// Events that it has not seen yet.
    pub lag_events: u64,
    /// Age of the oldest of these, in seconds; 0 when there are none.
    pub lag_seconds: f64,
    /// Events a second, lately.
    pub events_per_second: f64,
    /// How much of a rebuild is done, from 0 to 1.
    pub rebuild_progress: Option<f64>,
    /// When a rebuild should be done, in seconds from now.
    pub rebuild_eta_seconds: Option<f64>,
    /// Streams with events that it could not digest, which wait beside it.
    pub held_streams: u64,
    /// What went wrong last.
    pub last_error: Option<String>,
}

/// Use of a projection's generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum ProjectorState {
    /// Serves queries and is updated as events arrive.
    Live,
    /// Serves queries but is currently not updated.
    Stopped,
    /// Is being built next to the live generation.
    Building,
    /// Was live before and can be restored.
    Retired,
}

/// Knows no projectors: for a process that has none.
pub struct NoProjectors;

#[async_trait]
impl ProjectorSource for NoProjectors {
    async fn projectors(&self) -> Result<Vec<ProjectorStatus>, BoxError> {
        Ok(Vec::new())
    }
}
