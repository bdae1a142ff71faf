//! Which collections of the catalog a query has read, and whether they have changed since.

use std::sync::atomic::{AtomicU8, Ordering};

use read_models::documents::categories::CATEGORIES;
use read_models::documents::product_cards::PRODUCT_CARDS;
use read_models::documents::products::PRODUCTS;
use read_models::documents::stock::STOCK;
use read_models::documents::stock_levels::STOCK_LEVELS;
use read_models::{ChangeToken, Collection, StoreError};

use super::Readers;

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

/// A state of the collections of the catalog.
#[derive(Debug)]
pub(crate) struct CatalogState([ChangeToken; CATALOG.len()]);

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

impl Readers {
    /// The state of the catalog now, without asking the stores: what other processes wrote is in it as soon as one of their
    /// writes was noticed.
    pub(crate) async fn catalog_state(&self) -> Result<CatalogState, StoreError> {
        let [products, cards, categories, stock, levels] = CATALOG;
        Ok(CatalogState([
            self.services.state(products).await?,
            self.services.state(cards).await?,
            self.services.state(categories).await?,
            self.services.state(stock).await?,
            self.services.state(levels).await?,
        ]))
    }
}

impl CatalogState {
    /// Whether these collections are in the same state in both.
    pub(crate) fn agrees(&self, other: &Self, reads: Reads) -> bool {
        let both = self.0.iter().zip(&other.0).enumerate();
        both.filter(|(at, _)| reads.0 & (1 << at) != 0).all(|(_, (one, other))| one == other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(tokens: [u8; CATALOG.len()]) -> CatalogState {
        CatalogState(tokens.map(|token| ChangeToken::new([token])))
    }

    #[test]
    fn states_agree_if_the_collections_that_were_read_do() {
        let recorded = Recorded::default();
        recorded.add(&PRODUCTS);
        recorded.add(&CATEGORIES);
        let reads = recorded.of_catalog().unwrap();
        let before = state([1, 1, 1, 1, 1]);
        for (now, agrees) in [
            ([1, 1, 1, 1, 1], true),
            ([1, 2, 1, 2, 2], true),
            ([2, 1, 1, 1, 1], false),
            ([1, 1, 2, 1, 1], false),
        ] {
            assert_eq!(before.agrees(&state(now), reads), agrees, "{now:?}");
        }
        recorded.add(&read_models::documents::orders::ORDERS);
        assert!(recorded.of_catalog().is_none());
    }
}
