//! A product comes into the catalog.

use std::collections::BTreeMap;

use schemas::product::{ProductCreated, ProductEvent, TaxClass};
use schemas::{CategoryId, ProductId, Slug, StreamId, Timestamp};
use serde_json::json;

use super::{Listing, Product, archived, limits};
use crate::category::Categories;
use crate::faults::Faults;
use crate::{Changes, ClaimKind, Decision, Reads, Refusal, Seen};

/// Brings a product into the catalog, as a draft. Answers `{productId, slug}`.
#[derive(Clone, Debug)]
pub struct CreateProduct {
    /// The product's id, which comes with the command so that repeating it finds the same product.
    pub product_id: ProductId,
    /// Its page's address; nobody else may have it.
    pub slug: Slug,
    /// What it is called: 1 to 200 characters.
    pub title: String,
    /// Some sentences about it: at most 5 000 characters.
    pub description: String,
    /// Who makes it.
    pub brand: Option<String>,
    /// Where it is found in the tree: at most 20 categories, which exist.
    pub category_ids: Vec<CategoryId>,
    /// Properties: at most 50.
    pub attributes: BTreeMap<String, String>,
    /// Its rate of tax.
    pub tax_class: TaxClass,
}

impl Decision for CreateProduct {
    fn reads(&self) -> Reads {
        Reads::stream::<Product>(self.product_id.stream())
            .and::<Categories>(StreamId::categories())
            .and_claim(ClaimKind::Slug, self.slug.as_str())
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        let stream = self.product_id.stream();
        let holder = seen.holder(ClaimKind::Slug, self.slug.as_str()).filter(|holder| **holder != stream);
        let events =
            create(&seen.state(&stream), &seen.state(&StreamId::categories()), holder.is_some(), self)?;
        let mut changes = Changes::none();
        if !events.is_empty() {
            changes = Changes::of(&stream, events);
            changes.claim(ClaimKind::Slug, self.slug.as_str(), &stream);
        }
        Ok(changes.answering(json!({ "productId": self.product_id, "slug": self.slug })))
    }
}

fn create(
    product: &Product,
    tree: &Categories,
    slug_taken: bool,
    command: &CreateProduct,
) -> Result<Vec<ProductEvent>, Refusal> {
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
    match product {
        Product::Absent => {}
        Product::Archived(_) => return Err(archived()),
        Product::Draft(listing) | Product::Published(listing) if says_the_same(listing, &created) => {
            return Ok(Vec::new());
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
    Ok(vec![created.into()])
}

fn says_the_same(listing: &Listing, created: &ProductCreated) -> bool {
    let bare = Listing { media: BTreeMap::new(), variants: BTreeMap::new(), ..listing.clone() };
    bare == Listing::new(created)
}

fn exists() -> Refusal {
    let message =
        "There already is a product with this id, and it is another: change that one, or choose another id.";
    Refusal::rule("PRODUCT_EXISTS", message).at("productId")
}

/// Why a slug cannot be had.
pub(super) fn slug_is_taken(slug: &Slug) -> String {
    format!("The address \"{slug}\" belongs to another product: choose another one.")
}
