//! A product with its variants and prices. Id: the product's stream, `product-{id}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Money;
use crate::port::{Collection, Index, Streams};

/// Indexes: products by slug, SKU, category, brand; sorted by title, price or age; by position for the search index, which is
/// fed with what has changed.
pub static PRODUCTS: Collection = Collection {
    name: "products",
    shape: 2,
    streams: Streams::Entity("product"),
    hot: false,
    indexes: &[
        Index::Field("slug"),
        Index::Pair("status", "sortTitle"),
        Index::Pair("status", "minPrice.minor"),
        Index::Pair("status", "createdAt"),
        Index::Pair("status", "updatedAt"),
        Index::Pair("brand", "sortTitle"),
        Index::Field("availableForSale"),
        Index::List("categoryIds"),
        Index::List("skus"),
        Index::Field("position"),
    ],
};

/// Most price changes in a document.
pub const PRICE_HISTORY: usize = 20;

/// A product. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// The product's id without `product-`.
    pub product_id: String,
    /// Unique in the shop.
    pub slug: String,
    pub title: String,
    /// The title's key of collation (`platform::text::collation_key`), for sorting.
    pub sort_title: String,
    pub description: String,
    pub brand: Option<String>,
    /// `DRAFT`, `PUBLISHED`, `UNPUBLISHED` or `ARCHIVED`.
    pub status: String,
    /// `STANDARD`, `REDUCED` or `ZERO`.
    pub tax_class: String,
    pub category_ids: Vec<String>,
    pub attributes: BTreeMap<String, String>,
    /// Oldest first.
    pub media: Vec<Medium>,
    /// In the order of their addition, discontinued ones included.
    pub variants: Vec<Variant>,
    /// SKUs of all variants, discontinued ones included.
    pub skus: Vec<String>,
    /// The lowest price of a variant on sale, in the currency that the product was first priced in.
    pub min_price: Option<Money>,
    /// The highest, likewise.
    pub max_price: Option<Money>,
    /// The last [`PRICE_HISTORY`] changes, newest first.
    pub price_history: Vec<PriceChange>,
    /// Published, with a priced variant that is not discontinued. Independent of stock.
    pub available_for_sale: bool,
    /// Position of its last event in the log.
    pub position: u64,
    pub created_at: String,
    pub updated_at: String,
}

/// A picture or video.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Medium {
    pub url: String,
    /// Alternative text.
    pub alt: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// Unique in the shop.
    pub sku: String,
    /// Its options as text; empty if there are none.
    pub title: String,
    pub options: BTreeMap<String, String>,
    /// By ISO 4217 code.
    pub prices: BTreeMap<String, VariantPrice>,
    pub barcode: Option<String>,
    /// Packaging included.
    pub weight_grams: Option<u32>,
    /// Most units per order; `None` for no limit.
    pub max_per_order: Option<u32>,
    /// Whether stock is counted for it.
    pub track_stock: bool,
    /// No longer sold.
    pub discontinued: bool,
}

/// The price of a variant in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VariantPrice {
    /// Tax included.
    pub price: Money,
    /// A higher price to compare with; `None` if there is none.
    pub compare_at: Option<Money>,
    pub effective_from: String,
}

/// A price change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceChange {
    pub sku: String,
    /// In the same currency; `None` if there was no price.
    pub old: Option<Money>,
    pub new: Money,
    /// A higher price to compare with; `None` if there is none.
    pub compare_at: Option<Money>,
    pub effective_from: String,
    pub reason: Option<String>,
    pub at: String,
}
