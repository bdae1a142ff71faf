//! Categories and attributes of a product.

use std::collections::BTreeMap;

use schemas::product::{ProductAttributesSet, ProductCategorised};
use schemas::{CategoryId, ProductId, Timestamp};

use super::{Product, limits};
use crate::category::Categories;
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen};

/// Replaces the categories of a product.
#[derive(Clone, Debug)]
pub struct Categorise {
    pub product_id: ProductId,
    /// At most 20 existing categories.
    pub category_ids: Vec<CategoryId>,
}

impl Decision for Categorise {
    fn reads(&self) -> Reads {
        Reads::stream::<Product>(self.product_id.stream()).and::<Categories>(schemas::category::stream())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let mut product = Draft::of(seen, self.product_id.stream(), now);
        categorise(&mut product, &seen.state(&schemas::category::stream()), self)?;
        Ok(product.changes())
    }
}

fn categorise(
    product: &mut Draft<'_, Product>,
    tree: &Categories,
    command: &Categorise,
) -> Result<(), Refusal> {
    let listing = product.editable()?;
    if listing.category_ids == command.category_ids {
        return Ok(());
    }
    let mut faults = Faults::default();
    limits::categories(&mut faults, &command.category_ids, tree);
    faults.refuse()?;
    let (old, new) = (listing.category_ids.clone(), command.category_ids.clone());
    product.append(ProductCategorised { product_id: command.product_id, old, new });
    Ok(())
}

/// Replaces all attributes of a product.
#[derive(Clone, Debug)]
pub struct SetAttributes {
    pub product_id: ProductId,
    /// At most 50 entries; names of at most 50 and values of at most 200 characters.
    pub attributes: BTreeMap<String, String>,
}

one_stream!(SetAttributes, Product, |it| it.product_id.stream(), set_attributes);

fn set_attributes(product: &mut Draft<'_, Product>, command: &SetAttributes) -> Result<(), Refusal> {
    let listing = product.editable()?;
    let mut faults = Faults::default();
    limits::attributes(&mut faults, "attributes", &command.attributes);
    faults.refuse()?;
    if listing.attributes == command.attributes {
        return Ok(());
    }
    let attributes = command.attributes.clone();
    product.append(ProductAttributesSet { product_id: command.product_id, attributes });
    Ok(())
}
