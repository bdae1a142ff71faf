//! Which collections of the catalog a query has read, and whether they have changed since.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use read_models::documents::categories::CATEGORIES;
use read_models::documents::product_cards::PRODUCT_CARDS;
use read_models::documents::products::PRODUCTS;
use read_models::documents::stock::STOCK;
use read_models::documents::stock_levels::STOCK_LEVELS;
use read_models::{ChangeToken, Collection};
use tokio::time::Instant;

use crate::services::Services;

/// How long what was read is given again. An answer may be kept that long that was made from documents that were, so that an answer
/// is at most a quarter of a second old.
const LONGEST: Duration = Duration::from_millis(125);

/// The collections that answers about the catalog are read from.
const CATALOG: [&Collection; 5] = [&PRODUCTS, &PRODUCT_CARDS, &CATEGORIES, &STOCK, &STOCK_LEVELS];
/// The bit of all other collections.
const OTHER: u8 = 1 << 7;

/// Collections that a query has read.
#[derive(Debug, Default)]
pub(super) struct Recorded(AtomicU8);

/// Collections of [`CATALOG`], as bits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Reads(u8);

/// The state of the collections of the catalog at a time, as their change tokens say.
#[derive(Debug)]
pub(crate) struct Moment {
    state: [ChangeToken; CATALOG.len()],
    at: Instant,
}

impl Recorded {
    pub(super) fn add(&self, collection: &Collection) {
        let known = CATALOG.iter().position(|one| one.name == collection.name);
        self.0.fetch_or(known.map_or(OTHER, |at| 1 << at), Ordering::Relaxed);
    }

    /// What was read so far, if all of it belongs to the catalog.
    pub(super) fn of_catalog(&self) -> Option<Reads> {
        let reads = self.0.load(Ordering::Relaxed);
        (reads & OTHER == 0).then_some(Reads(reads))
    }
}

impl Reads {
    pub(crate) fn of(collection: &Collection) -> Self {
        let recorded = Recorded::default();
        recorded.add(collection);
        Self(recorded.0.into_inner())
    }
}

impl Moment {
    /// The moment that it is now; `None` if the state cannot be known. No store is asked: what other processes wrote is in it as
    /// soon as one of their writes was noticed.
    pub(crate) async fn now(services: &Services) -> Option<Arc<Self>> {
        let at = Instant::now();
        let [products, cards, categories, stock, levels] =
            CATALOG.map(|collection| state(services, collection));
        let state = [products.await?, cards.await?, categories.await?, stock.await?, levels.await?];
        Some(Arc::new(Self { state, at }))
    }

    /// Whether what was read from these collections after this moment may be given to a question of that one: it has all that
    /// was written before, and is not too old.
    pub(crate) fn answers(&self, asked: &Self, reads: Reads) -> bool {
        let both = self.state.iter().zip(&asked.state).enumerate();
        let mut read = both.filter(|(at, _)| reads.0 & (1 << at) != 0);
        asked.at.saturating_duration_since(self.at) <= LONGEST && read.all(|(_, (before, now))| before == now)
    }
}

async fn state(services: &Services, collection: &Collection) -> Option<ChangeToken> {
    let store = &services.store;
    let keyed = match &store.hot {
        Some(hot) if collection.hot => &hot.keyed,
        _ => &store.keyed,
    };
    keyed.changed(collection.name, None, Duration::ZERO).await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(tokens: [u8; CATALOG.len()], at: Instant) -> Moment {
        Moment { state: tokens.map(|token| ChangeToken::new([token])), at }
    }

    #[test]
    fn what_was_read_is_given_again_until_its_collections_change_or_it_is_old() {
        let recorded = Recorded::default();
        recorded.add(&PRODUCTS);
        recorded.add(&CATEGORIES);
        let (reads, at) = (recorded.of_catalog().unwrap(), Instant::now());
        let since = moment([1, 1, 1, 1, 1], at);
        for (now, given) in [
            ([1, 1, 1, 1, 1], true),
            ([1, 2, 1, 2, 2], true),
            ([2, 1, 1, 1, 1], false),
            ([1, 1, 2, 1, 1], false),
        ] {
            assert_eq!(since.answers(&moment(now, at), reads), given, "{now:?}");
            assert_eq!(since.answers(&moment(now, at + LONGEST), reads), given, "{now:?}");
            assert!(!since.answers(&moment(now, at + LONGEST * 2), reads), "{now:?}");
        }
        recorded.add(&read_models::documents::orders::ORDERS);
        assert!(recorded.of_catalog().is_none());
    }
}
