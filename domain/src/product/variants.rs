//! Variants of a product.

use schemas::product::{VariantAdded, VariantChanged, VariantDetails, VariantDiscontinued};
use schemas::{ProductId, Sku, Timestamp};
use serde_json::json;

use super::{Listing, Product, Sale, Variant, limits};
use crate::claims::SKU;
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen};

/// Adds a variant to a product; at most 100, including discontinued ones. Answers `{productId, sku}`.
#[derive(Clone, Debug)]
pub struct AddVariant {
    pub product_id: ProductId,
    /// Unique among all products, including archived ones, without regard to case.
    pub sku: Sku,
    pub details: VariantDetails,
}

impl Decision for AddVariant {
    fn reads(&self) -> Reads {
        let reads = Reads::stream::<Product>(self.product_id.stream());
        spellings(&self.sku).into_iter().fold(reads, |reads, spelling| reads.and_claim(SKU, spelling))
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let stream = self.product_id.stream();
        let is_other = |spelling: &String| seen.holder(SKU, spelling).is_some_and(|holder| *holder != stream);
        let taken = spellings(&self.sku).iter().any(is_other);
        let mut product = Draft::of(seen, stream, now);
        add(&mut product, taken, self)?;
        product.answer(json!({ "productId": self.product_id, "sku": self.sku }));
        Ok(product.changes())
    }
}

fn add(product: &mut Draft<'_, Product>, sku_taken: bool, command: &AddVariant) -> Result<(), Refusal> {
    let listing = product.editable()?;
    let mut faults = Faults::default();
    match listing.variants.get(&command.sku) {
        Some(variant) if variant.is_live() && variant.details == command.details => return Ok(()),
        Some(variant) if variant.is_live() => {
            let message =
                format!("The product already has a variant {}. Change that variant instead.", command.sku);
            faults.add("VARIANT_EXISTS", "sku", message);
        }
        Some(_) => return Err(discontinued(&command.sku)),
        None => {
            if let Some(other) = listing.variants.keys().find(|known| differ_in_case(known, &command.sku)) {
                let message = format!(
                    "The product already has a variant {other}, which differs only in case. Choose another SKU."
                );
                faults.add("SKU_TAKEN", "sku", message);
            }
            faults.at_most("variants", listing.variants.len() + 1, limits::VARIANTS);
        }
    }
    limits::variant(&mut faults, &command.details);
    if sku_taken {
        let message = format!(
            "The SKU {}, perhaps in another case, is already used by another product. Choose another SKU.",
            command.sku
        );
        faults.add("SKU_TAKEN", "sku", message);
    }
    faults.refuse()?;
    let (product_id, sku, details) = (command.product_id, command.sku.clone(), command.details.clone());
    product.append(VariantAdded { product_id, sku, details });
    product.claim(SKU, claimed(&command.sku));
    Ok(())
}

/// The value of the claim of a SKU.
fn claimed(sku: &Sku) -> String {
    sku.as_str().to_ascii_uppercase()
}

/// The claims that say that a SKU is taken: its own, and those that were made before case was ignored, as they were written.
fn spellings(sku: &Sku) -> Vec<String> {
    let mut spellings = vec![claimed(sku)];
    for old in [sku.as_str().to_owned(), sku.as_str().to_ascii_lowercase()] {
        if !spellings.contains(&old) {
            spellings.push(old);
        }
    }
    spellings
}

fn differ_in_case(one: &Sku, other: &Sku) -> bool {
    one != other && one.as_str().eq_ignore_ascii_case(other.as_str())
}

/// Replaces the details of a variant.
#[derive(Clone, Debug)]
pub struct ChangeVariant {
    pub product_id: ProductId,
    pub sku: Sku,
    pub details: VariantDetails,
}

one_stream!(ChangeVariant, Product, |it| it.product_id.stream(), change);

fn change(product: &mut Draft<'_, Product>, command: &ChangeVariant) -> Result<(), Refusal> {
    let variant = live_variant(product.editable()?, &command.sku)?;
    let mut faults = Faults::default();
    limits::variant(&mut faults, &command.details);
    faults.refuse()?;
    if variant.details == command.details {
        return Ok(());
    }
    let (product_id, sku, details) = (command.product_id, command.sku.clone(), command.details.clone());
    product.append(VariantChanged { product_id, sku, details });
    Ok(())
}

/// Stops selling a variant, for good. Its stock is still counted and open orders are fulfilled.
#[derive(Clone, Debug)]
pub struct DiscontinueVariant {
    pub product_id: ProductId,
    pub sku: Sku,
}

one_stream!(DiscontinueVariant, Product, |it| it.product_id.stream(), discontinue);

fn discontinue(product: &mut Draft<'_, Product>, command: &DiscontinueVariant) -> Result<(), Refusal> {
    match product.editable()?.variants.get(&command.sku).map(|variant| variant.sale) {
        None => Err(unknown(&command.sku)),
        Some(Sale::Discontinued) => Ok(()),
        Some(Sale::Live) => {
            let (product_id, sku) = (command.product_id, command.sku.clone());
            product.append(VariantDiscontinued { product_id, sku });
            Ok(())
        }
    }
}

/// The variant, if it is sold.
pub(super) fn live_variant<'a>(listing: &'a Listing, sku: &Sku) -> Result<&'a Variant, Refusal> {
    match listing.variants.get(sku) {
        None => Err(unknown(sku)),
        Some(variant) if variant.is_live() => Ok(variant),
        Some(_) => Err(discontinued(sku)),
    }
}

fn unknown(sku: &Sku) -> Refusal {
    let message = format!("The product has no variant {sku}. Add it first.");
    Refusal { message, ..Refusal::not_found("variant") }.at("sku")
}

fn discontinued(sku: &Sku) -> Refusal {
    let message = format!("The variant {sku} was discontinued for good. Add a new variant with another SKU.");
    Refusal::rule("VARIANT_DISCONTINUED", message).at("sku")
}
