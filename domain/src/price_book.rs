//! Ordering's local view of the catalog: titles and prices of SKUs. The view folds each product's stream, and derives the
//! entries of the SKUs from it. Applying an event twice changes nothing, because the fold knows its version.

use std::collections::{BTreeMap, BTreeSet};

use schemas::product::{ProductEvent, TaxClass};
use schemas::{Currency, DecodeError, Envelope, EventSet, Money, ProductId, Sku, Topic};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::product::{Product, Variant};
use crate::{Aggregate, LocalView, ViewKey, ViewWrite};

/// The local view, for the writer of the ordering context.
pub const PRICE_BOOK: LocalView = LocalView { name: NAME, topics: &[Topic::PRODUCT], reads, learn };

const NAME: &str = "price-book";

/// What the ordering context needs to know about a SKU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceEntry {
    pub product_id: ProductId,
    pub title: String,
    /// Options of the variant as text; empty if it has none.
    pub variant_title: String,
    pub tax_class: TaxClass,
    /// Price of one unit by currency, tax included.
    pub prices: BTreeMap<Currency, Money>,
    /// Version of the product's stream with the latest price; 0 if there is none.
    pub price_version: u64,
    /// Whether stock of the variant is counted.
    pub tracked: bool,
    /// Maximum number of units per order; `None` for the shop's general limit.
    pub max_per_order: Option<u32>,
    /// Whether the variant can be ordered: product published, variant not discontinued. It may lack a price in some
    /// currency.
    pub sellable: bool,
}

/// The key of a SKU's entry. Read it with `seen.view::<PriceEntry>(&sku_key(sku))`.
pub fn sku_key(sku: &Sku) -> ViewKey {
    ViewKey { view: NAME, key: format!("sku/{sku}") }
}

/// A product, with the parts of its history that the price book needs.
#[derive(Clone, Default, Serialize, Deserialize)]
struct ProductHistory {
    version: u64,
    product: Product,
    /// Version of the latest price, by SKU.
    priced_at: BTreeMap<Sku, u64>,
}

impl ProductHistory {
    fn evolve(mut self, version: u64, event: &ProductEvent) -> Self {
        if let ProductEvent::PriceSet(set) = event {
            self.priced_at.insert(set.sku.clone(), version);
        }
        Self { version, product: self.product.evolve(event), ..self }
    }

    fn skus(&self) -> BTreeSet<&Sku> {
        self.product.listing().into_iter().flat_map(|listing| listing.variants.keys()).collect()
    }

    fn entry(&self, sku: &Sku) -> Option<PriceEntry> {
        let listing = self.product.listing()?;
        let variant = listing.variants.get(sku)?;
        Some(PriceEntry {
            product_id: listing.product_id,
            title: listing.title.clone(),
            variant_title: variant_title(variant),
            tax_class: listing.tax_class,
            prices: variant.prices.iter().map(|(currency, price)| (*currency, price.amount)).collect(),
            price_version: self.priced_at.get(sku).copied().unwrap_or(0),
            tracked: variant.details.track_stock,
            max_per_order: variant.details.max_per_order,
            sellable: matches!(self.product, Product::Published(_)) && variant.is_live(),
        })
    }
}

/// `100 g, blue`
fn variant_title(variant: &Variant) -> String {
    variant.details.options.values().map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn product_key(envelope: &Envelope) -> ViewKey {
    ViewKey { view: NAME, key: format!("product/{}", envelope.stream.key()) }
}

fn reads(envelope: &Envelope) -> Vec<ViewKey> {
    vec![product_key(envelope)]
}

fn learn(
    known: &BTreeMap<ViewKey, Value>,
    envelope: &Envelope,
    payload: &str,
) -> Result<Vec<ViewWrite>, DecodeError> {
    let key = product_key(envelope);
    let shape = |source| DecodeError::Shape { name: NAME, source };
    let before = match known.get(&key) {
        Some(value) => ProductHistory::deserialize(value).map_err(shape)?,
        None => ProductHistory::default(),
    };
    if envelope.version <= before.version {
        return Ok(Vec::new());
    }
    let event = ProductEvent::decode(&envelope.name, envelope.type_version, payload)?;
    let after = before.clone().evolve(envelope.version, &event);
    let mut writes = vec![ViewWrite { key, value: Some(serde_json::to_value(&after).map_err(shape)?) }];
    for sku in after.skus() {
        let entry = after.entry(sku);
        if entry != before.entry(sku) {
            let value = entry.map(serde_json::to_value).transpose().map_err(shape)?;
            writes.push(ViewWrite { key: sku_key(sku), value });
        }
    }
    Ok(writes)
}
