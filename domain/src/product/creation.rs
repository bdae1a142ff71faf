//! Creating a product.

use std::collections::BTreeMap;

use schemas::product::{ProductCreated, TaxClass};
use schemas::{CategoryId, ProductId, Slug, Timestamp};
use serde_json::json;

use super::{Listing, Product, archived, limits};
use crate::category::Categories;
use crate::claims::SLUG;
use crate::faults::Faults;
use crate::{Changes, Decision, Draft, Reads, Refusal, Seen};

/// Adds a product to the catalog as a draft. Answers `{productId, slug}`.
#[derive(Clone, Debug)]
pub struct CreateProduct {
    /// Chosen by the caller, so that a repetition finds the same product.
    pub product_id: ProductId,
    /// Last part of its page's URL, unique among products.
    pub slug: Slug,
    /// 1 to 200 characters.
    pub title: String,
    /// At most 5,000 characters.
    pub description: String,
    pub brand: Option<String>,
    /// At most 20 existing categories.
    pub category_ids: Vec<CategoryId>,
    /// At most 50 entries.
    pub attributes: BTreeMap<String, String>,
    pub tax_class: TaxClass,
}

impl Decision for CreateProduct {
    fn reads(&self) -> Reads {
        Reads::stream::<Product>(self.product_id.stream())
            .and::<Categories>(schemas::category::stream())
            .and_claim(SLUG, self.slug.as_str())
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        let stream = self.product_id.stream();
        let holder = seen.holder(SLUG, self.slug.as_str()).filter(|holder| **holder != stream);
        let (tree, slug_taken) = (seen.state(&schemas::category::stream()), holder.is_some());
        let mut product = Draft::of(seen, stream, now);
        create(&mut product, &tree, slug_taken, self)?;
        product.answer(json!({ "productId": self.product_id, "slug": self.slug }));
        Ok(product.changes())
    }
}

fn create(
    product: &mut Draft<'_, Product>,
    tree: &Categories,
    slug_taken: bool,
    command: &CreateProduct,
) -> Result<(), Refusal> {
    let created = ProductCreated {
        product_id: command.product_id,
        slug: command.slug.clone(),
        title: command.title.clone(),
        description: command.description.clone(),
        brand: command.brand.clone(),
        category_ids: command.category_ids.clone(),
        attributes: command.attributes.clone(),
        tax_class: command.tax_class,
    };
    match product.state() {
        Product::Absent => {}
        Product::Archived(_) => return Err(archived()),
        Product::Draft(listing) | Product::Published(listing) if says_the_same(listing, &created) => {
            return Ok(());
        }
        Product::Draft(_) | Product::Published(_) => return Err(exists()),
    }
    let mut faults = Faults::default();
    limits::title(&mut faults, &command.title);
    limits::description(&mut faults, &command.description);
    limits::brand(&mut faults, command.brand.as_deref());
    limits::attributes(&mut faults, "attributes", &command.attributes);
    limits::categories(&mut faults, &command.category_ids, tree);
    if slug_taken {
        faults.add("SLUG_TAKEN", "slug", slug_is_taken(&command.slug));
    }
    faults.refuse()?;
    product.append(created);
    product.claim(SLUG, command.slug.as_str());
    Ok(())
}

fn says_the_same(listing: &Listing, created: &ProductCreated) -> bool {
    let bare = Listing { media: BTreeMap::new(), variants: BTreeMap::new(), ..listing.clone() };
    bare == Listing::new(created)
}

fn exists() -> Refusal {
    let message = "A different product with this id already exists. Change that product, or use another id.";
    Refusal::rule("PRODUCT_EXISTS", message).at("productId")
}

/// Message for a slug that is in use.
pub(super) fn slug_is_taken(slug: &Slug) -> String {
    format!("The slug \"{slug}\" is already used by another product. Choose another slug.")
}
