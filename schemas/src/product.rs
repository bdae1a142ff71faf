//! Events of a product. **Stored format**: see [`EventBody`](crate::EventBody) before changing a shape.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{DecodeError, EventBody, count, event_body, event_set};
use crate::{CategoryId, Currency, Money, ProductId, Sku, Slug, Timestamp};

event_set! {
    /// What happens to a product.
    ProductEvent of "product" {
        ProductCreated, ProductDetailsChanged, ProductCategorised, ProductAttributesSet, ProductMediaAdded,
        VariantAdded, VariantChanged, VariantDiscontinued, PriceSet,
        ProductPublished, ProductUnpublished, ProductArchived,
    }
}

/// Which rate of tax applies.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxClass {
    /// The usual rate.
    #[default]
    Standard,
    /// The lower rate of food, books and the like.
    Reduced,
    /// No tax.
    Zero,
}

/// A product came into the catalog, not yet published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductCreated {
    /// The product.
    pub product_id: ProductId,
    /// Its page's address; unique.
    pub slug: Slug,
    /// What it is called.
    pub title: String,
    /// Some sentences about it.
    pub description: String,
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Where it is found in the tree.
    pub category_ids: Vec<CategoryId>,
    /// Properties to show and to filter by.
    pub attributes: BTreeMap<String, String>,
    /// Its rate of tax.
    pub tax_class: TaxClass,
}
event_body!(ProductCreated, |e| format!("Product \"{}\" created", e.title));

/// What a detail was and is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Before; `null` where there was nothing.
    pub old: Option<String>,
    /// After; `null` where there is nothing any more.
    pub new: Option<String>,
}

/// Title, description, brand, slug or tax class changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductDetailsChanged {
    /// The product.
    pub product_id: ProductId,
    /// By the field's name: `title`, `description`, `brand`, `slug`, `taxClass`.
    pub changed: BTreeMap<String, Change>,
}
event_body!(ProductDetailsChanged, |e| format!(
    "Changed {}",
    e.changed.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
));

/// The product moved to other categories.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductCategorised {
    /// The product.
    pub product_id: ProductId,
    /// Where it was.
    pub old: Vec<CategoryId>,
    /// Where it is.
    pub new: Vec<CategoryId>,
}
event_body!(ProductCategorised, |e| format!("Now in {}", count(e.new.len(), "category", "categories")));

/// The attributes were replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductAttributesSet {
    /// The product.
    pub product_id: ProductId,
    /// All attributes, after.
    pub attributes: BTreeMap<String, String>,
}
event_body!(ProductAttributesSet, |e| format!(
    "Now has {}",
    count(e.attributes.len(), "attribute", "attributes")
));

/// A picture or film was added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductMediaAdded {
    /// The product.
    pub product_id: ProductId,
    /// Where it is.
    pub url: String,
    /// What it shows, in words.
    pub alt: String,
}
event_body!(ProductMediaAdded, |e| format!("Medium added: {}", e.alt));

/// What can be said of a variant beside its price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantDetails {
    /// What sets it apart: `{"size": "100 g"}`.
    pub options: BTreeMap<String, String>,
    /// EAN or another code on the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Weight with package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Whether its stock is counted; what is not counted is never out of stock.
    pub track_stock: bool,
    /// The most that one order may hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
}

/// A variant was added.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantAdded {
    /// The product.
    pub product_id: ProductId,
    /// The variant; unique.
    pub sku: Sku,
    /// What it is like.
    #[serde(flatten)]
    pub details: VariantDetails,
}
event_body!(VariantAdded, |e| format!("Variant {} added", e.sku));

/// A variant is not what it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantChanged {
    /// The product.
    pub product_id: ProductId,
    /// The variant.
    pub sku: Sku,
    /// What it is like now.
    #[serde(flatten)]
    pub details: VariantDetails,
}
event_body!(VariantChanged, |e| format!("Variant {} changed", e.sku));

/// A variant is not sold any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantDiscontinued {
    /// The product.
    pub product_id: ProductId,
    /// The variant.
    pub sku: Sku,
}
event_body!(VariantDiscontinued, |e| format!("Variant {} discontinued", e.sku));

/// A variant costs this from now on. Version 1 had amounts as plain minor units beside a currency; since version 2 they
/// are [`Money`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceSet {
    /// The product.
    pub product_id: ProductId,
    /// The variant.
    pub sku: Sku,
    /// What it cost before, in this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Money>,
    /// What it costs, tax included.
    pub new: Money,
    /// A higher price to compare with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at: Option<Money>,
    /// From when on.
    pub effective_from: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl EventBody for PriceSet {
    const NAME: &'static str = "PriceSet";
    const VERSION: u32 = 2;

    fn summary(&self) -> String {
        match self.old {
            Some(old) => format!("{} costs {} instead of {old}", self.sku, self.new),
            None => format!("{} costs {}", self.sku, self.new),
        }
    }

    fn upcast(from: u32, payload: &mut Value) -> Result<(), DecodeError> {
        let broken = |problem: &str| DecodeError::Upcast {
            name: Self::NAME,
            version: from,
            problem: problem.to_owned(),
        };
        if from != 1 {
            return Err(DecodeError::UnknownVersion {
                name: Self::NAME,
                version: from,
                newest: Self::VERSION,
            });
        }
        let fields = payload.as_object_mut().ok_or_else(|| broken("not an object"))?;
        let currency: Currency = fields
            .remove("currency")
            .and_then(|code| code.as_str().and_then(|code| code.parse().ok()))
            .ok_or_else(|| broken("currency is missing"))?;
        for field in ["old", "new", "compareAt"] {
            if let Some(minor) = fields.get(field).and_then(Value::as_i64) {
                let money = serde_json::json!({ "minor": minor, "currency": currency });
                fields.insert(field.to_owned(), money);
            }
        }
        Ok(())
    }
}

/// Shoppers can see and buy it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductPublished {
    /// The product.
    pub product_id: ProductId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
event_body!(ProductPublished, |_e| "Published".to_owned());

/// Shoppers cannot see it any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductUnpublished {
    /// The product.
    pub product_id: ProductId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
event_body!(ProductUnpublished, |_e| "Taken off the shop's pages".to_owned());

/// It is gone for good.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductArchived {
    /// The product.
    pub product_id: ProductId,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
event_body!(ProductArchived, |_e| "Archived".to_owned());
