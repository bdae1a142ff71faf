//! A product with its variants and prices. Id: the product's stream, `product-{id}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Money;
use crate::port::{Collection, Index};

/// Products by slug, SKU, words, category, brand; in order of title, price or age.
pub static PRODUCTS: Collection = Collection {
    name: "products",
    shape: 1,
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

/// How many price changes a product remembers.
pub const PRICE_HISTORY: usize = 20;

/// A product. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// The product's id without `product-`.
    pub product_id: String,
    /// Its page's address; unique.
    pub slug: String,
    /// What it is called.
    pub title: String,
    /// The title in lower case, to sort by.
    pub sort_title: String,
    /// Some sentences about it.
    pub description: String,
    /// Who makes it.
    pub brand: Option<String>,
    /// `DRAFT`, `PUBLISHED`, `UNPUBLISHED` or `ARCHIVED`.
    pub status: String,
    /// `STANDARD`, `REDUCED` or `ZERO`.
    pub tax_class: String,
    /// Ids of categories.
    pub category_ids: Vec<String>,
    /// Properties.
    pub attributes: BTreeMap<String, String>,
    /// Pictures and films, oldest first.
    pub media: Vec<Medium>,
    /// In the order in which they were added, discontinued ones too.
    pub variants: Vec<Variant>,
    /// SKUs of all variants.
    pub skus: Vec<String>,
    /// The lowest price of a variant on sale, in the currency that the product was first priced in.
    pub min_price: Option<Money>,
    /// The highest.
    pub max_price: Option<Money>,
    /// The last [`PRICE_HISTORY`] changes, newest first.
    pub price_history: Vec<PriceChange>,
    /// Published, with a priced variant that is not discontinued. Says nothing about stock.
    pub available_for_sale: bool,
    /// What it is found by: see [`search_terms`].
    pub terms: Vec<String>,
    /// When it came into the catalog.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// A picture or film.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Medium {
    /// Where it is.
    pub url: String,
    /// What it shows, in words.
    pub alt: String,
}

/// A variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Variant {
    /// The variant; unique.
    pub sku: String,
    /// Its options in words; empty when there are none.
    pub title: String,
    /// What sets it apart.
    pub options: BTreeMap<String, String>,
    /// By currency.
    pub prices: BTreeMap<String, VariantPrice>,
    /// EAN or another code.
    pub barcode: Option<String>,
    /// Weight with package.
    pub weight_grams: Option<u32>,
    /// The most that one order may hold.
    pub max_per_order: Option<u32>,
    /// Whether its stock is counted.
    pub track_stock: bool,
    /// Not sold any more.
    pub discontinued: bool,
}

/// A variant's price in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VariantPrice {
    /// What it costs, tax included.
    pub price: Money,
    /// A higher price to compare with.
    pub compare_at: Option<Money>,
    /// From when on.
    pub effective_from: String,
}

/// A price that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceChange {
    /// Which variant.
    pub sku: String,
    /// Before, in this currency.
    pub old: Option<Money>,
    /// After.
    pub new: Money,
    /// A higher price to compare with.
    pub compare_at: Option<Money>,
    /// From when on.
    pub effective_from: String,
    /// Why.
    pub reason: Option<String>,
    /// When it was set.
    pub at: String,
}

/// The words of a text as products are found by them: runs of letters and digits in lower case, each once, in order of
/// appearance. A search splits what was typed in the same way.
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
