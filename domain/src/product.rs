//! A product of the catalog with its variants and prices. Invariants: slug and SKU are unique in the catalog; a
//! published product has a variant with a price; a price is not negative and is in an allowed currency; an archived
//! product never changes.

use std::collections::BTreeMap;

use schemas::product::{Change, ProductCreated, ProductEvent, TaxClass, VariantDetails};
use schemas::{CategoryId, Currency, Money, ProductId, Sku, Slug};
use serde::{Deserialize, Serialize};

use crate::{Aggregate, Refusal};

mod creation;
mod details;
pub mod limits;
mod media;
mod placing;
mod prices;
mod publication;
mod variants;

pub use creation::CreateProduct;
pub use details::ChangeDetails;
pub use media::AddMedia;
pub use placing::{Categorise, SetAttributes};
pub use prices::SetPrice;
pub use publication::{Archive, Publish, Unpublish};
pub use variants::{AddVariant, ChangeVariant, DiscontinueVariant};

/// The state of a product.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Product {
    #[default]
    Absent,
    /// Staff are working on it; shoppers cannot see it.
    Draft(Box<Listing>),
    /// Shoppers can see and buy it.
    Published(Box<Listing>),
    /// Removed for good. Its slug and SKUs stay reserved, because orders and links still refer to them.
    Archived(Box<Listing>),
}

/// Details, variants and prices of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listing {
    pub product_id: ProductId,
    pub slug: Slug,
    pub title: String,
    pub description: String,
    pub brand: Option<String>,
    pub category_ids: Vec<CategoryId>,
    pub attributes: BTreeMap<String, String>,
    pub tax_class: TaxClass,
    /// Alternative texts of images and videos, by URL.
    pub media: BTreeMap<String, String>,
    /// All variants, including discontinued ones.
    pub variants: BTreeMap<Sku, Variant>,
}

/// A variant of a product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Variant {
    pub sale: Sale,
    pub details: VariantDetails,
    pub prices: BTreeMap<Currency, Price>,
}

/// Whether a variant can be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sale {
    /// Sold while the product is published.
    Live,
    /// It is no longer sold.
    Discontinued,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Price of one unit, tax included.
    pub amount: Money,
    /// Higher reference price to display.
    pub compare_at: Option<Money>,
}

impl Aggregate for Product {
    type Event = ProductEvent;

    fn evolve(self, event: &ProductEvent) -> Self {
        match (self, event) {
            (Self::Absent, ProductEvent::ProductCreated(created)) => {
                Self::Draft(Box::new(Listing::new(created)))
            }
            (Self::Absent, _) => Self::Absent,
            (Self::Archived(listing), _) => Self::Archived(listing),
            (Self::Draft(listing), ProductEvent::ProductPublished(_)) => Self::Published(listing),
            (Self::Published(listing), ProductEvent::ProductUnpublished(_)) => Self::Draft(listing),
            (Self::Draft(listing) | Self::Published(listing), ProductEvent::ProductArchived(_)) => {
                Self::Archived(listing)
            }
            (Self::Draft(listing), event) => Self::Draft(Box::new(listing.evolve(event))),
            (Self::Published(listing), event) => Self::Published(Box::new(listing.evolve(event))),
        }
    }
}

impl Product {
    /// The product, archived or not; `None` if it does not exist.
    pub fn listing(&self) -> Option<&Listing> {
        match self {
            Self::Absent => None,
            Self::Draft(listing) | Self::Published(listing) | Self::Archived(listing) => Some(listing),
        }
    }

    /// The product, if it can still be changed.
    fn editable(&self) -> Result<&Listing, Refusal> {
        match self {
            Self::Absent => Err(Refusal::not_found("product").at("productId")),
            Self::Draft(listing) | Self::Published(listing) => Ok(listing),
            Self::Archived(_) => Err(archived()),
        }
    }
}

fn archived() -> Refusal {
    Refusal::rule("PRODUCT_ARCHIVED", "The product is archived for good. Create a new product instead.")
        .at("productId")
}

impl Listing {
    fn new(created: &ProductCreated) -> Self {
        Self {
            product_id: created.product_id,
            slug: created.slug.clone(),
            title: created.title.clone(),
            description: created.description.clone(),
            brand: created.brand.clone(),
            category_ids: created.category_ids.clone(),
            attributes: created.attributes.clone(),
            tax_class: created.tax_class,
            media: BTreeMap::new(),
            variants: BTreeMap::new(),
        }
    }

    fn evolve(mut self, event: &ProductEvent) -> Self {
        match event {
            ProductEvent::ProductDetailsChanged(e) => {
                e.changed.iter().for_each(|(field, to)| self.change(field, to))
            }
            ProductEvent::ProductCategorised(e) => self.category_ids.clone_from(&e.new),
            ProductEvent::ProductAttributesSet(e) => self.attributes.clone_from(&e.attributes),
            ProductEvent::ProductMediaAdded(e) => {
                self.media.insert(e.url.clone(), e.alt.clone());
            }
            ProductEvent::VariantAdded(e) => {
                let variant =
                    Variant { sale: Sale::Live, details: e.details.clone(), prices: BTreeMap::new() };
                self.variants.entry(e.sku.clone()).or_insert(variant);
            }
            ProductEvent::VariantChanged(e) => {
                self.vary(&e.sku, |variant| variant.details.clone_from(&e.details))
            }
            ProductEvent::VariantDiscontinued(e) => {
                self.vary(&e.sku, |variant| variant.sale = Sale::Discontinued)
            }
            ProductEvent::PriceSet(e) => self.vary(&e.sku, |variant| {
                variant.prices.insert(e.new.currency, Price { amount: e.new, compare_at: e.compare_at });
            }),
            // These events change the product's situation, or find it unchanged.
            ProductEvent::ProductCreated(_)
            | ProductEvent::ProductPublished(_)
            | ProductEvent::ProductUnpublished(_)
            | ProductEvent::ProductArchived(_) => {}
        }
        self
    }

    fn vary(&mut self, sku: &Sku, change: impl FnOnce(&mut Variant)) {
        if let Some(variant) = self.variants.get_mut(sku) {
            change(variant);
        }
    }

    fn change(&mut self, field: &str, to: &Change) {
        match (field, &to.new) {
            ("title", Some(title)) => self.title.clone_from(title),
            ("description", description) => self.description = description.clone().unwrap_or_default(),
            ("brand", brand) => self.brand.clone_from(brand),
            ("slug", Some(slug)) => self.slug = slug.parse().unwrap_or_else(|_| self.slug.clone()),
            ("taxClass", Some(class)) => self.tax_class = tax_class(class).unwrap_or(self.tax_class),
            _ => {}
        }
    }
}

impl Variant {
    /// Whether the variant is sold while the product is published.
    pub(crate) fn is_live(&self) -> bool {
        self.sale == Sale::Live
    }
}

fn tax_class(name: &str) -> Option<TaxClass> {
    [TaxClass::Standard, TaxClass::Reduced, TaxClass::Zero]
        .into_iter()
        .find(|class| tax_class_name(*class) == name)
}

/// The name that events use.
fn tax_class_name(class: TaxClass) -> &'static str {
    match class {
        TaxClass::Standard => "STANDARD",
        TaxClass::Reduced => "REDUCED",
        TaxClass::Zero => "ZERO",
    }
}
