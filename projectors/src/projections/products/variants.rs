//! A product's variants.

use read_models::documents::products::{Product, Variant};
use schemas::product::VariantDetails;

pub(super) fn set(product: &mut Product, sku: &str, details: &VariantDetails) {
    let index = match product.variants.iter().position(|variant| variant.sku == sku) {
        Some(index) => index,
        None => {
            product.variants.push(Variant { sku: sku.to_owned(), ..Variant::default() });
            product.variants.len() - 1
        }
    };
    let Some(variant) = product.variants.get_mut(index) else { return };
    variant.title = details.options.values().map(String::as_str).collect::<Vec<_>>().join(" / ");
    variant.options.clone_from(&details.options);
    variant.barcode.clone_from(&details.barcode);
    variant.weight_grams = details.weight_grams;
    variant.max_per_order = details.max_per_order;
    variant.track_stock = details.track_stock;
}

pub(super) fn discontinue(product: &mut Product, sku: &str) {
    for variant in product.variants.iter_mut().filter(|variant| variant.sku == sku) {
        variant.discontinued = true;
    }
}
