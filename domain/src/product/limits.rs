//! How much a product may hold.

use std::collections::{BTreeMap, BTreeSet};

use schemas::CategoryId;
use schemas::product::VariantDetails;

use crate::category::Categories;
use crate::faults::Faults;

/// Characters of a title.
const TITLE: usize = 200;
/// Characters of a description.
const DESCRIPTION: usize = 5_000;
/// Characters of a brand, a barcode or a reason.
const NAME: usize = 200;
/// Attributes of a product, options of a variant.
const ATTRIBUTES: usize = 50;
/// Characters of an attribute's or option's name.
const KEY: usize = 50;
/// Characters of an attribute's or option's value.
const VALUE: usize = 200;
/// Categories that a product is in.
const CATEGORIES: usize = 20;
/// Variants of a product, discontinued ones too.
pub(crate) const VARIANTS: usize = 100;
/// Media of a product.
pub(crate) const MEDIA: usize = 50;

pub fn title(faults: &mut Faults, title: &str) {
    faults.line("title", title, TITLE);
}

pub fn description(faults: &mut Faults, description: &str) {
    faults.prose("description", description, DESCRIPTION);
}

pub fn brand(faults: &mut Faults, brand: Option<&str>) {
    if let Some(brand) = brand {
        faults.line("brand", brand, NAME);
    }
}

pub fn reason(faults: &mut Faults, reason: Option<&str>) {
    if let Some(reason) = reason {
        faults.line("reason", reason, NAME);
    }
}

pub fn attributes(faults: &mut Faults, field: &str, attributes: &BTreeMap<String, String>) {
    faults.at_most(field, attributes.len(), ATTRIBUTES);
    // Faults of a map that is far too long would be as long as itself.
    for (key, value) in attributes.iter().take(ATTRIBUTES) {
        faults.line(&format!("{field}.{key}"), value, VALUE);
        if key.trim().is_empty() || key.chars().count() > KEY || key.chars().any(char::is_control) {
            let message =
                format!("The name of an entry of {field} must be one line of 1 to {KEY} characters.");
            faults.add("INVALID_KEY", format!("{field}.{key}"), message);
        }
    }
}

pub fn categories(faults: &mut Faults, ids: &[CategoryId], tree: &Categories) {
    faults.at_most("categoryIds", ids.len(), CATEGORIES);
    let mut met = BTreeSet::new();
    for (i, id) in ids.iter().enumerate().take(CATEGORIES) {
        if !tree.contains(*id) {
            let message = format!("There is no category {id}: create it first, or leave it out.");
            faults.add("UNKNOWN_CATEGORY", format!("categoryIds[{i}]"), message);
        }
        if !met.insert(id) {
            let message = format!("Category {id} is named twice: name it once.");
            faults.add("DUPLICATE", format!("categoryIds[{i}]"), message);
        }
    }
}

pub fn variant(faults: &mut Faults, details: &VariantDetails) {
    attributes(faults, "options", &details.options);
    if let Some(barcode) = &details.barcode {
        faults.line("barcode", barcode, NAME);
    }
    if details.max_per_order == Some(0) {
        let message = "maxPerOrder must be at least 1: unpublish or discontinue what must not be sold.";
        faults.add("OUT_OF_RANGE", "maxPerOrder", message);
    }
}
