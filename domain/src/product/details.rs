//! Changing the details of a product.

use std::collections::BTreeMap;

use schemas::product::{Change, ProductDetailsChanged, TaxClass};
use schemas::{ProductId, Slug, Timestamp};

use super::creation::slug_is_taken;
use super::{Product, limits, tax_class_name};
use crate::claims::SLUG;
use crate::faults::Faults;
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen};

/// Changes details of a product; `None` leaves a field unchanged. A new slug frees the old one.
#[derive(Clone, Debug)]
pub struct ChangeDetails {
    pub product_id: ProductId,
    /// 1 to 200 characters.
    pub title: Option<String>,
    /// At most 5,000 characters.
    pub description: Option<String>,
    /// `Some(None)` removes the brand.
    pub brand: Option<Option<String>>,
    pub slug: Option<Slug>,
    pub tax_class: Option<TaxClass>,
}

impl Decision for ChangeDetails {
    fn reads(&self) -> Reads {
        let reads = Reads::stream::<Product>(self.product_id.stream());
        match &self.slug {
            Some(slug) => reads.and_claim(SLUG, slug.as_str()),
            None => reads,
        }
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let stream = self.product_id.stream();
        let taken = |slug: &Slug| seen.holder(SLUG, slug.as_str()).is_some_and(|holder| *holder != stream);
        let slug_taken = self.slug.as_ref().is_some_and(taken);
        let mut product = Draft::of(seen, stream, now);
        change(&mut product, slug_taken, self)?;
        Ok(product.changes())
    }
}

fn change(
    product: &mut Draft<'_, Product>,
    slug_taken: bool,
    command: &ChangeDetails,
) -> Result<(), Refusal> {
    let listing = product.editable()?;
    let mut faults = Faults::default();
    if let Some(title) = &command.title {
        limits::title(&mut faults, title);
    }
    if let Some(description) = &command.description {
        limits::description(&mut faults, description);
    }
    limits::brand(&mut faults, command.brand.as_ref().and_then(Option::as_deref));
    if let (true, Some(slug)) = (slug_taken, &command.slug) {
        faults.add("SLUG_TAKEN", "slug", slug_is_taken(slug));
    }
    faults.refuse()?;

    let text = |text: &str| Some(text.to_owned());
    let wanted = [
        ("title", text(&listing.title), command.title.clone().map(Some)),
        ("description", text(&listing.description), command.description.clone().map(Some)),
        ("brand", listing.brand.clone(), command.brand.clone()),
        ("slug", text(listing.slug.as_str()), command.slug.as_ref().map(|slug| text(slug.as_str()))),
        (
            "taxClass",
            text(tax_class_name(listing.tax_class)),
            command.tax_class.map(|class| text(tax_class_name(class))),
        ),
    ];
    let changed: BTreeMap<String, Change> = wanted
        .into_iter()
        .filter_map(|(field, old, new)| new.map(|new| (field.to_owned(), Change { old, new })))
        .filter(|(_, change)| change.old != change.new)
        .collect();
    if changed.is_empty() {
        return Ok(());
    }
    let (product_id, old) = (listing.product_id, listing.slug.clone());
    product.append(ProductDetailsChanged { product_id, changed });
    if let Some(new) = &command.slug
        && *new != old
    {
        product.release(SLUG, old.as_str());
        product.claim(SLUG, new.as_str());
    }
    Ok(())
}
