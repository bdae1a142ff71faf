//! Products with their variants and prices.

mod pricing;
mod variants;

use platform::text::collation_key;
use read_models::documents::products::{self, Medium, Product};
use schemas::product::{ProductCreated, ProductDetailsChanged, ProductEvent};
use schemas::{Recorded, Topic};

use crate::projection::{Entity, Projection};
use crate::published::{code, texts, time};

/// Entity of the product's stream.
pub static PRODUCTS: Projection = Projection::entity(&products::PRODUCTS, &[Topic::PRODUCT], &Entity(evolve));

/// The product after the event.
pub fn evolve(product: Option<Product>, event: &Recorded<ProductEvent>) -> Option<Product> {
    let at = time(event.envelope.time);
    let mut product = match (&event.event, product) {
        (ProductEvent::ProductCreated(created), None) => create(created, &at),
        (_, product) => product?,
    };
    match &event.event {
        ProductEvent::ProductCreated(_) => {}
        ProductEvent::ProductDetailsChanged(e) => change_details(&mut product, e),
        ProductEvent::ProductCategorised(e) => product.category_ids = texts(&e.new),
        ProductEvent::ProductAttributesSet(e) => product.attributes.clone_from(&e.attributes),
        ProductEvent::ProductMediaAdded(e) => {
            product.media.push(Medium { url: e.url.clone(), alt: e.alt.clone() });
        }
        ProductEvent::VariantAdded(e) => variants::set(&mut product, e.sku.as_str(), &e.details),
        ProductEvent::VariantChanged(e) => variants::set(&mut product, e.sku.as_str(), &e.details),
        ProductEvent::VariantDiscontinued(e) => variants::discontinue(&mut product, e.sku.as_str()),
        ProductEvent::PriceSet(e) => pricing::set(&mut product, e, &at),
        ProductEvent::ProductPublished(_) => product.status = "PUBLISHED".to_owned(),
        ProductEvent::ProductUnpublished(_) => product.status = "UNPUBLISHED".to_owned(),
        ProductEvent::ProductArchived(_) => product.status = "ARCHIVED".to_owned(),
    }
    product.updated_at = at;
    product.position = event.envelope.position;
    derive(&mut product);
    Some(product)
}

fn create(created: &ProductCreated, at: &str) -> Product {
    Product {
        product_id: created.product_id.to_string(),
        slug: created.slug.to_string(),
        title: created.title.clone(),
        description: created.description.clone(),
        brand: created.brand.clone(),
        status: "DRAFT".to_owned(),
        tax_class: code(&created.tax_class),
        category_ids: texts(&created.category_ids),
        attributes: created.attributes.clone(),
        created_at: at.to_owned(),
        ..Product::default()
    }
}

fn change_details(product: &mut Product, e: &ProductDetailsChanged) {
    for (field, change) in &e.changed {
        let text = change.new.clone().unwrap_or_default();
        match field.as_str() {
            "title" => product.title = text,
            "description" => product.description = text,
            "brand" => product.brand.clone_from(&change.new),
            "slug" => product.slug = text,
            "taxClass" => product.tax_class = text,
            // A field that this shape of the document does not have.
            _ => {}
        }
    }
}

/// Fields that are computed from the rest of the document.
fn derive(product: &mut Product) {
    product.sort_title = collation_key(&product.title);
    product.skus = product.variants.iter().map(|variant| variant.sku.clone()).collect();
    pricing::derive(product);
}
