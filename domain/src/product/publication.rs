//! Publishing, hiding and archiving a product.

use schemas::ProductId;
use schemas::product::{ProductArchived, ProductPublished, ProductUnpublished};

use super::{Product, limits};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Publishes a product. It needs a variant that is sold and has a price.
#[derive(Clone, Debug)]
pub struct Publish {
    pub product_id: ProductId,
    pub reason: Option<String>,
}

one_stream!(Publish, Product, |it| it.product_id.stream(), publish);

fn publish(product: &mut Draft<'_, Product>, command: &Publish) -> Result<(), Refusal> {
    let listing = product.editable()?;
    if matches!(product.state(), Product::Published(_)) {
        return Ok(());
    }
    if !listing.variants.values().any(|variant| variant.is_live() && !variant.prices.is_empty()) {
        let message = "The product has no variant with a price. Add a variant and set its price first.";
        return Err(Refusal::rule("PRICE_MISSING", message).at("productId"));
    }
    product.append(ProductPublished {
        product_id: command.product_id,
        reason: checked(command.reason.as_ref())?,
    });
    Ok(())
}

/// Hides a product from shoppers. Existing orders are fulfilled.
#[derive(Clone, Debug)]
pub struct Unpublish {
    pub product_id: ProductId,
    pub reason: Option<String>,
}

one_stream!(Unpublish, Product, |it| it.product_id.stream(), unpublish);

fn unpublish(product: &mut Draft<'_, Product>, command: &Unpublish) -> Result<(), Refusal> {
    product.editable()?;
    if matches!(product.state(), Product::Draft(_)) {
        return Ok(());
    }
    product.append(ProductUnpublished {
        product_id: command.product_id,
        reason: checked(command.reason.as_ref())?,
    });
    Ok(())
}

/// Removes a product from the catalog for good.
#[derive(Clone, Debug)]
pub struct Archive {
    pub product_id: ProductId,
    pub reason: Option<String>,
}

one_stream!(Archive, Product, |it| it.product_id.stream(), archive);

fn archive(product: &mut Draft<'_, Product>, command: &Archive) -> Result<(), Refusal> {
    if matches!(product.state(), Product::Archived(_)) {
        return Ok(());
    }
    product.editable()?;
    product.append(ProductArchived {
        product_id: command.product_id,
        reason: checked(command.reason.as_ref())?,
    });
    Ok(())
}

fn checked(reason: Option<&String>) -> Result<Option<String>, Refusal> {
    let mut faults = Faults::default();
    limits::reason(&mut faults, reason.map(String::as_str));
    faults.refuse()?;
    Ok(reason.cloned())
}
