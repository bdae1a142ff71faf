//! A product with its variants and prices. Id: the product's stream, `product-{id}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Money;
use crate::port::{Collection, Index};

/// Indexes: products by slug, SKU, words, category, brand; sorted by title, price or age.
pub static PRODUCTS: Collection = Collection {
    name: "products",
    shape: 1,
    entity_of: Some("product"),
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
        Index::List("terms"),
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
    /// The title in lower case, for sorting.
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
    /// Search terms: see [`search_terms`].
    pub terms: Vec<String>,
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

/// The search terms of a text: runs of letters and digits in lower case, each once, in order of
/// appearance. Search input is split in the same way.
pub fn search_terms(text: &str) -> Vec<String> {
    let mut terms = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        if !terms.contains(&word) {
            terms.push(word);
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::search_terms;

    #[test]
    fn words_are_split_at_everything_that_is_no_letter_or_digit() {
        assert_eq!(search_terms("Früchte-Tee, 100 g (TEE)"), ["früchte", "tee", "100", "g"]);
        assert!(search_terms(" – ").is_empty());
    }
}
