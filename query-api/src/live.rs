//! Changes of the read models. One task per process finds the changes of a collection and passes them to all subscribers, so
//! the work does not grow with their number. A task runs while there are subscribers.

mod documents;
mod orders;
mod projectors;

use std::sync::Arc;
use std::time::Duration;

use read_models::documents::orders::{ORDERS, Order};
use read_models::documents::stock::{STOCK, StockItem};

pub(crate) use documents::{Change, DocumentFeed, versions};
pub(crate) use orders::OrdersFeed;
pub(crate) use projectors::ProjectorFeed;

use crate::services::Services;

/// How long one wait for a change lasts, and so how long a task goes on without subscribers.
const PATIENCE: Duration = Duration::from_secs(5);
/// The time between a failure of the store and the next attempt.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// The shortest time between two looks at a collection.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);

/// Changes of everything that can be subscribed to.
pub(crate) struct Live {
    /// Orders by their streams.
    pub(crate) orders: Arc<DocumentFeed<Order>>,
    /// Stock items by their streams.
    pub(crate) stock: Arc<DocumentFeed<StockItem>>,
    pub(crate) every_order: Arc<OrdersFeed>,
    pub(crate) projectors: Arc<ProjectorFeed>,
}

impl Live {
    pub(crate) fn new(services: &Services) -> Self {
        Self {
            orders: Arc::new(DocumentFeed::new(services.store.clone(), &ORDERS)),
            stock: Arc::new(DocumentFeed::new(services.store.clone(), &STOCK)),
            every_order: Arc::new(OrdersFeed::new(services.store.clone())),
            projectors: Arc::new(ProjectorFeed::new(services.status.clone())),
        }
    }
}

/// The pause after a look that took `busy`: looking takes at most a quarter of the time, however large the collection is and
/// however often it changes.
fn pause(busy: Duration) -> Duration {
    SHORTEST_PAUSE.max(busy.saturating_mul(3))
}
