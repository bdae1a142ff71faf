//! Prices of a product.

use read_models::documents::Money;
use read_models::documents::products::{PRICE_HISTORY, PriceChange, Product, VariantPrice};
use schemas::product::PriceSet;

use crate::published::{money, time};

pub(super) fn set(product: &mut Product, e: &PriceSet, at: &str) {
    let price = VariantPrice {
        price: money(e.new),
        compare_at: e.compare_at.map(money),
        effective_from: time(e.effective_from),
    };
    let change = PriceChange {
        sku: e.sku.to_string(),
        old: e.old.map(money),
        new: price.price.clone(),
        compare_at: price.compare_at.clone(),
        effective_from: price.effective_from.clone(),
        reason: e.reason.clone(),
        at: at.to_owned(),
    };
    for variant in product.variants.iter_mut().filter(|variant| variant.sku == e.sku.as_str()) {
        variant.prices.insert(price.price.currency.clone(), price.clone());
    }
    product.price_history.insert(0, change);
    product.price_history.truncate(PRICE_HISTORY);
}

/// The range of prices, and whether the product can be bought.
pub(super) fn derive(product: &mut Product) {
    let on_sale = || product.variants.iter().filter(|variant| !variant.discontinued);
    let first = on_sale().find_map(|variant| variant.prices.keys().next());
    // The first currency is kept, so that adding a second one does not reorder lists.
    let currency = product.min_price.as_ref().map(|price| &price.currency).or(first);
    let prices: Vec<i64> = currency.map_or_else(Vec::new, |currency| {
        on_sale().filter_map(|variant| variant.prices.get(currency)).map(|price| price.price.minor).collect()
    });
    let of = |minor: Option<&i64>| {
        minor.zip(currency).map(|(minor, currency)| Money { minor: *minor, currency: currency.clone() })
    };
    let (min, max) = (of(prices.iter().min()), of(prices.iter().max()));
    let priced = on_sale().any(|variant| !variant.prices.is_empty());
    (product.min_price, product.max_price) = (min, max);
    product.available_for_sale = product.status == "PUBLISHED" && priced;
}
