//! Size limits of a product. The contract of the commands states those that are public.

use std::collections::{BTreeMap, BTreeSet};

use schemas::CategoryId;
use schemas::product::VariantDetails;

use crate::category::Categories;
use crate::faults::Faults;
use crate::texts;

/// Maximum length of a title, in characters.
pub const TITLE: usize = 200;
/// Maximum length of a description, in characters.
pub const DESCRIPTION: usize = 5_000;
/// Maximum length of a brand, barcode or reason, in characters.
pub const NAME: usize = 200;
/// Maximum number of attributes of a product, and of options of a variant.
pub const ATTRIBUTES: usize = 50;
/// Maximum length of the name of an attribute or option, in characters.
pub const KEY: usize = 50;
/// Maximum length of the value of an attribute or option, in characters.
pub const VALUE: usize = 200;
/// Maximum number of categories of a product.
pub const CATEGORIES: usize = 20;
/// Maximum weight of a variant, in grams: 100 tonnes.
pub const WEIGHT: u32 = 100_000_000;
/// Maximum number of units of a SKU in an order.
pub const UNITS: u32 = 1_000_000;
/// Maximum number of variants of a product, including discontinued ones.
pub(crate) const VARIANTS: usize = 100;
/// Maximum number of images and videos of a product.
pub(crate) const MEDIA: usize = 50;
/// Maximum length of the URL of an image or video, in characters.
pub const URL: usize = 2_000;
/// Maximum length of the text that describes an image or video, in characters.
pub const ALT: usize = 500;
/// The highest price, in minor units of its currency, so that sums of orders cannot overflow 64 bits.
pub const HIGHEST_PRICE: i64 = 100_000_000_000;

pub(super) fn title(faults: &mut Faults, title: &str) {
    faults.line("title", title, TITLE);
}

pub(super) fn description(faults: &mut Faults, description: &str) {
    faults.prose("description", description, DESCRIPTION);
}

pub(super) fn brand(faults: &mut Faults, brand: Option<&str>) {
    if let Some(brand) = brand {
        faults.line("brand", brand, NAME);
    }
}

pub(super) fn reason(faults: &mut Faults, reason: Option<&str>) {
    if let Some(reason) = reason {
        faults.line("reason", reason, NAME);
    }
}

pub(super) fn attributes(faults: &mut Faults, field: &str, attributes: &BTreeMap<String, String>) {
    faults.at_most(field, attributes.len(), ATTRIBUTES);
    // The list of errors for a far too large map would be as large as the map.
    for (key, value) in attributes.iter().take(ATTRIBUTES) {
        faults.line(&format!("{field}.{key}"), value, VALUE);
        if texts::is_blank(key) || key.chars().count() > KEY || !texts::is_line(key) {
            let message =
                format!("The names of the entries of {field} must be single lines of 1 to {KEY} characters.");
            faults.add("INVALID_KEY", format!("{field}.{key}"), message);
        }
    }
}

pub(super) fn categories(faults: &mut Faults, ids: &[CategoryId], tree: &Categories) {
    faults.at_most("categoryIds", ids.len(), CATEGORIES);
    let mut met = BTreeSet::new();
    for (i, id) in ids.iter().enumerate().take(CATEGORIES) {
        if !tree.contains(*id) {
            let message = format!("There is no category {id}. Create it first, or remove it from the list.");
            faults.add("UNKNOWN_CATEGORY", format!("categoryIds[{i}]"), message);
        }
        if !met.insert(id) {
            let message = format!("Category {id} is listed twice. Remove one of them.");
            faults.add("DUPLICATE", format!("categoryIds[{i}]"), message);
        }
    }
}

pub(super) fn variant(faults: &mut Faults, details: &VariantDetails) {
    attributes(faults, "options", &details.options);
    if let Some(barcode) = &details.barcode {
        faults.line("barcode", barcode, NAME);
    }
    if details.weight_grams.is_some_and(|weight| weight > WEIGHT) {
        faults.add("OUT_OF_RANGE", "weightGrams", format!("weightGrams must be at most {WEIGHT}."));
    }
    if details.max_per_order.is_some_and(|units| !(1..=UNITS).contains(&units)) {
        let message = format!(
            "maxPerOrder must be from 1 to {UNITS}. To stop sales, discontinue the variant or unpublish the product."
        );
        faults.add("OUT_OF_RANGE", "maxPerOrder", message);
    }
}
