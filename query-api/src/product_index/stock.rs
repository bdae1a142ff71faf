//! Stock as search sees it: which SKUs can be ordered now.

use std::collections::HashSet;

use read_models::documents::products::{Product, Variant};
use read_models::documents::stock::{STOCK, StockItem};
use read_models::{Document, Generation, MAX_PAGE, Store, StoreError, Stored};

const PREFIX: &str = "stock-";
const OUT_OF_STOCK: &str = "OUT_OF_STOCK";

/// Tracked SKUs that can be ordered now.
#[derive(Default)]
pub(super) struct InStock(HashSet<String>);

impl InStock {
    /// Of the variants of these products.
    pub(super) async fn of<'p>(
        store: &Store,
        stock: &Generation,
        products: impl Iterator<Item = &'p Product>,
    ) -> Result<Self, StoreError> {
        let tracked = products.flat_map(on_sale).filter(|variant| variant.track_stock);
        let ids: Vec<String> = tracked.map(|variant| format!("{PREFIX}{}", variant.sku)).collect();
        let mut in_stock = HashSet::new();
        for ids in ids.chunks(MAX_PAGE) {
            let stored = store.keyed.load(stock, ids).await?;
            in_stock.extend(stored.into_iter().flatten().filter_map(sku_in_stock));
        }
        Ok(Self(in_stock))
    }

    /// Whether a variant of the product can be ordered now.
    pub(super) fn has(&self, product: &Product) -> bool {
        on_sale(product).any(|variant| !variant.track_stock || self.0.contains(&variant.sku))
    }
}

/// The variants that shoppers can choose.
fn on_sale(product: &Product) -> impl Iterator<Item = &Variant> {
    product.variants.iter().filter(|variant| !variant.discontinued && !variant.prices.is_empty())
}

fn sku_in_stock(stored: Stored) -> Option<String> {
    let id = stored.id.clone();
    match Document::<StockItem>::read(STOCK.name, stored) {
        Ok(document) => document.value.filter(|item| item.level != OUT_OF_STOCK).map(|item| item.sku),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, id, "cannot read a stock item; search takes its SKU for out of stock");
            None
        }
    }
}

/// The SKU of a stock item.
pub(super) fn sku_of(id: &str) -> Option<String> {
    id.strip_prefix(PREFIX).map(str::to_owned)
}
