//! Events of a product. **Stored format**: see [`EventBody`](crate::EventBody) before changing a shape.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::event::{DecodeError, EventBody, count, event_body, event_set};
use crate::{CategoryId, Currency, Money, ProductId, Sku, Slug, Timestamp};

event_set! {
    /// All events of a product.
    ProductEvent of "product" {
        ProductCreated, ProductDetailsChanged, ProductCategorised, ProductAttributesSet, ProductMediaAdded,
        VariantAdded, VariantChanged, VariantDiscontinued, PriceSet,
        ProductPublished, ProductUnpublished, ProductArchived,
    }
}

/// Tax class of a product; the shop's rules define the rate of each class.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TaxClass {
    /// Standard rate. The default.
    #[default]
    Standard,
    /// Reduced rate, for example for food and books.
    Reduced,
    /// No tax is charged.
    Zero,
}

/// A product was added to the catalog as a draft. Shoppers cannot see it yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductCreated {
    pub product_id: ProductId,
    /// Readable part of the product page's URL, for example `first-flush`; unique among all products.
    pub slug: Slug,
    /// Title of the product; 1 to 200 characters.
    pub title: String,
    /// Description of the product; at most 5,000 characters, may be empty.
    pub description: String,
    /// Brand or manufacturer; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Categories that the product is listed in; at most 20.
    pub category_ids: Vec<CategoryId>,
    /// Properties by name, for display and filtering, for example `{"origin": "Darjeeling"}`; at most 50.
    pub attributes: BTreeMap<String, String>,
    pub tax_class: TaxClass,
}
event_body!(ProductCreated, |e| format!("Product \"{}\" created", e.title));

/// Old and new value of a changed field.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// Value before the change; null if there was none.
    pub old: Option<String>,
    /// Value after the change; null if it was removed.
    pub new: Option<String>,
}

/// Details of the product were changed: title, description, brand, slug or tax class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductDetailsChanged {
    pub product_id: ProductId,
    /// Changes by field name: `title`, `description`, `brand`, `slug` or `taxClass`. Unchanged fields are absent.
    pub changed: BTreeMap<String, Change>,
}
event_body!(ProductDetailsChanged, |e| format!(
    "Changed {}",
    e.changed.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
));

/// The categories of the product were changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductCategorised {
    pub product_id: ProductId,
    /// All categories of the product before the change.
    pub old: Vec<CategoryId>,
    /// All categories of the product after the change.
    pub new: Vec<CategoryId>,
}
event_body!(ProductCategorised, |e| format!("Now in {}", count(e.new.len(), "category", "categories")));

/// All attributes of the product were replaced.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductAttributesSet {
    pub product_id: ProductId,
    /// All properties after the change, by name; an empty object if there are none.
    pub attributes: BTreeMap<String, String>,
}
event_body!(ProductAttributesSet, |e| format!(
    "Now has {}",
    count(e.attributes.len(), "attribute", "attributes")
));

/// An image or video was added to the product.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductMediaAdded {
    pub product_id: ProductId,
    /// URL of the image or video.
    pub url: String,
    /// Alternative text that describes the image or video.
    pub alt: String,
}
event_body!(ProductMediaAdded, |e| format!("Media added: {}", e.alt));

/// Properties of a variant, apart from its price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantDetails {
    /// Options that distinguish the variant, by name, for example `{"size": "100 g"}`.
    pub options: BTreeMap<String, String>,
    /// Barcode on the package, for example an EAN; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Weight including packaging, in grams; absent if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// True if stock of the variant is counted. If false, the variant is never out of stock.
    pub track_stock: bool,
    /// Maximum number of units per order; absent if the shop's general limit applies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
}

/// A variant was added to the product. It can be sold once it has a price and the product is published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantAdded {
    pub product_id: ProductId,
    /// SKU of the new variant; unique among all products.
    pub sku: Sku,
    /// Properties of the variant.
    #[serde(flatten)]
    pub details: VariantDetails,
}
event_body!(VariantAdded, |e| format!("Variant {} added", e.sku));

/// Properties of a variant were changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantChanged {
    pub product_id: ProductId,
    /// Variant that was changed.
    pub sku: Sku,
    /// All properties of the variant after the change.
    #[serde(flatten)]
    pub details: VariantDetails,
}
event_body!(VariantChanged, |e| format!("Variant {} changed", e.sku));

/// A variant is no longer sold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct VariantDiscontinued {
    pub product_id: ProductId,
    /// Variant that is no longer sold.
    pub sku: Sku,
}
event_body!(VariantDiscontinued, |e| format!("Variant {} discontinued", e.sku));

/// The price of a variant was set, in one currency. Since version 2 amounts are objects with minor units and
/// currency; version 1 had plain numbers and one `currency`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceSet {
    pub product_id: ProductId,
    /// Variant whose price was set.
    pub sku: Sku,
    /// Previous price in the same currency; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old: Option<Money>,
    /// New price of one unit, tax included.
    pub new: Money,
    /// Higher reference price to display next to the new price, in the same currency; absent if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at: Option<Money>,
    /// Instant from which the new price applies.
    pub effective_from: Timestamp,
    /// Reason for the change, at most 200 characters; absent if none was given.
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

/// The product was published: shoppers can see and buy it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductPublished {
    pub product_id: ProductId,
    /// Reason for publishing, at most 200 characters; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
event_body!(ProductPublished, |_e| "Published".to_owned());

/// The product was unpublished: shoppers can no longer see or buy it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductUnpublished {
    pub product_id: ProductId,
    /// Reason for unpublishing, at most 200 characters; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
event_body!(ProductUnpublished, |_e| "Unpublished".to_owned());

/// The product was archived. This is final.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductArchived {
    pub product_id: ProductId,
    /// Reason for archiving, at most 200 characters; absent if none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
event_body!(ProductArchived, |_e| "Archived".to_owned());
