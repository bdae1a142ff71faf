//! Changes of all orders, for people who watch the shop.
//!
//! The newest orders by time of change are read again after each change of the collection, and compared with what is known.
//! That finds every change that is written within [`LATE`] of the newest and among the newest [`PAGE`]; a partition that is
//! further behind than the others is not announced.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use read_models::documents::orders::{ORDERS, Order};
use read_models::{ChangeToken, Direction, Query, Store, StoreError};
use tokio::sync::{Mutex, broadcast};
use tokio::time::{Instant, sleep};

use super::documents::unread;
use super::{AFTER_FAILURE, PATIENCE, pause};
use crate::fault::Fault;
use crate::reader::{Doc, shared};

/// Changes that a subscriber may be behind before it misses some.
const BUFFER: usize = 1_024;
/// Orders that are read with one call, newest change first.
const PAGE: usize = 200;
/// A change that is written this much later than a newer one is not announced.
const LATE: Duration = Duration::from_secs(60);

type Changed = Arc<Doc<Order>>;

/// The changes of all orders.
pub(crate) struct OrdersFeed {
    store: Store,
    changes: broadcast::Sender<Changed>,
    /// Whether the task runs.
    following: Mutex<bool>,
}

/// What was announced, or was there before.
#[derive(Default)]
struct Known {
    since: Option<ChangeToken>,
    versions: HashMap<String, (u64, Option<Timestamp>)>,
    /// Older changes are not looked at.
    floor: Option<Timestamp>,
}

impl OrdersFeed {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, changes: broadcast::Sender::new(BUFFER), following: Mutex::new(false) }
    }

    /// Receives each order whenever it has changed from now on. A receiver that is more than [`BUFFER`] changes behind misses
    /// the oldest, and receives their number.
    pub(crate) async fn subscribe(self: &Arc<Self>) -> Result<broadcast::Receiver<Changed>, Fault> {
        let mut following = self.following.lock().await;
        let receiver = self.changes.subscribe();
        if !*following {
            let mut known = Known::default();
            self.look(&mut known).await?;
            tokio::spawn(Arc::clone(self).follow(known));
            *following = true;
        }
        Ok(receiver)
    }

    async fn follow(self: Arc<Self>, mut known: Known) {
        loop {
            let pause = match self.round(&mut known).await {
                Ok(busy) => pause(busy),
                Err(error) => {
                    unread(&error, ORDERS.name);
                    AFTER_FAILURE
                }
            };
            let mut following = self.following.lock().await;
            if self.changes.receiver_count() == 0 {
                *following = false;
                return;
            }
            drop(following);
            sleep(pause).await;
        }
    }

    async fn round(&self, known: &mut Known) -> Result<Duration, StoreError> {
        let now = self.store.keyed.changed(ORDERS.name, known.since.as_ref(), PATIENCE).await?;
        if known.since.as_ref() == Some(&now) {
            return Ok(Duration::ZERO);
        }
        let began = Instant::now();
        for order in self.look(known).await? {
            // Fails only if there is no receiver.
            if self.changes.send(order).is_err() {
                break;
            }
        }
        Ok(began.elapsed())
    }

    /// What has changed, oldest change first.
    async fn look(&self, known: &mut Known) -> Result<Vec<Changed>, StoreError> {
        // Before reading, so that later changes end the next wait.
        let since = self.store.keyed.changed(ORDERS.name, None, Duration::ZERO).await?;
        let generation = self.store.generations.live(&ORDERS).await?;
        let first = known.since.is_none();
        let mut query =
            Query { sort: vec![("updatedAt", Direction::Descending)], limit: PAGE, ..Query::default() };
        let mut changed: Vec<Changed> = Vec::new();
        loop {
            let page = self.store.find::<Order>(&generation, &query).await?;
            let mut more = page.len() == PAGE && !first;
            query.after = page.last().map(|(_, cursor)| cursor.clone());
            let before = changed.len();
            for order in page.into_iter().filter_map(|(document, _)| shared(document)) {
                let at = changed_at(&order);
                if at.is_some() && at < known.floor {
                    more = false;
                    break;
                }
                if known.versions.get(&order.id).is_none_or(|(version, _)| *version < order.version) {
                    changed.push(order);
                }
            }
            if !more || changed.len() == before {
                break;
            }
        }
        if first && changed.len() == PAGE {
            // What is not on the first page was there before.
            known.floor = changed.last().and_then(changed_at);
        }
        changed.reverse();
        known.since = Some(since);
        known.remember(&changed);
        Ok(changed)
    }
}

impl Known {
    fn remember(&mut self, changed: &[Changed]) {
        let entries = changed.iter().map(|order| (order.id.clone(), (order.version, changed_at(order))));
        self.versions.extend(entries);
        let newest = changed.iter().filter_map(changed_at).max();
        let floor = newest.and_then(|newest| newest.checked_sub(LATE).ok());
        self.floor = self.floor.max(floor);
        let floor = self.floor;
        self.versions.retain(|_, (_, at)| at.is_none() || *at >= floor);
    }
}

fn changed_at(order: &Changed) -> Option<Timestamp> {
    order.value.updated_at.parse().ok()
}
