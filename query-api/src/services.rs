//! What the query API is given.

use std::sync::Arc;

use async_trait::async_trait;
use platform::bus::Positions;
use platform::clock::Clock;
use platform::sealing::Sealer;
use read_models::{ProjectorStatus, ReactorStatus, Store};

use crate::product_index::ProductIndex;

/// What queries are answered from. Cheap to clone.
#[derive(Clone)]
pub struct Services {
    /// The read models, connected with (at least) [`read_models::documents::ALL`].
    pub store: Store,
    /// The search index over the products of `store`. The wiring runs [`ProductIndex::follow`].
    pub products: ProductIndex,
    /// Opens personal data for those who may see it, and makes guest tokens.
    pub sealer: Sealer,
    /// The one clock.
    pub clock: Clock,
    /// Reports how projectors and reactors are doing.
    pub status: Arc<dyn StatusSource>,
}

/// An error of the wiring, of any type.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Reports how projectors and reactors are doing. The wiring gives one, because this crate does not know logs and the bus.
#[async_trait]
pub trait StatusSource: Send + Sync {
    /// Every generation of every projection, whichever process feeds it.
    async fn projectors(&self) -> Result<Vec<ProjectorStatus>, BoxError>;

    /// Every reactor, whichever processes run it.
    async fn reactors(&self) -> Result<Vec<ReactorStatus>, BoxError>;

    /// Which of the positions `wanted` a read model at `reached` has passed although it is before them: see
    /// [`platform::bus::passed`].
    async fn passed(&self, reached: &Positions, wanted: &Positions) -> Result<Positions, BoxError>;
}
