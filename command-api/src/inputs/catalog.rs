//! Inputs about products and categories.

use std::collections::BTreeMap;

use super::rules::{GRAMS, IN_AN_ORDER, InputSpec, Rule, SKU, SLUG, TAX};
use domain::product::limits::{ALT, CATEGORIES, DESCRIPTION, NAME, TITLE, URL};
use schemas::product::{TaxClass, VariantDetails};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::MoneyInput;
use super::checks::{Problems, one_line_if};

/// A new product, created as a draft.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductInput {
    /// URL name of the product's page; unique among products. 1 to 96 lower-case letters, digits or dashes.
    #[schema(example = "green-tea")]
    pub slug: String,
    /// Display title, 1 to 200 characters.
    pub title: String,
    /// Description for shoppers, at most 5 000 characters. Default: empty.
    #[serde(default)]
    pub description: String,
    /// Brand or manufacturer, 1 to 200 characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Ids of the categories that the product belongs to, UUIDs or global ids; at most 20. Default: none.
    #[serde(default)]
    pub category_ids: Vec<String>,
    /// Properties by name; at most 50. Names have 1 to 50 characters, values at most 200. Default: none.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Tax class that determines the tax rate. Default: STANDARD.
    #[serde(default)]
    #[schema(value_type = String)]
    pub tax_class: TaxClass,
}

/// Changes to a product. Fields that are left out stay as they are.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DetailsInput {
    /// New display title, 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// New description for shoppers, at most 5 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// New brand or manufacturer, 1 to 200 characters; `null` removes it.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub brand: Option<Option<String>>,
    /// New URL name of the product's page; unique among products. The old name becomes available again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// New tax class that determines the tax rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub tax_class: Option<TaxClass>,
}

/// Distinguishes `null` from a field that is left out.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A new variant of a product.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VariantInput {
    /// Stock keeping unit (SKU): 1 to 64 letters, digits, dots, dashes or underscores. Unique without regard
    /// to case, and never reused.
    #[schema(example = "TEA-100")]
    pub sku: String,
    /// Options that distinguish the variant from its siblings, by name; at most 50. Default: none.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Barcode on the package, such as an EAN; 1 to 200 characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Weight including packaging, in grams; at most 100 000 000. Default: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Whether inventory tracks stock of the SKU. A SKU that is not tracked is never out of stock.
    /// Default: true.
    #[serde(default = "tracked")]
    #[schema(required = false)]
    pub track_stock: bool,
    /// Largest quantity allowed in one order, in units; 1 to 1 000 000. Default: the shop's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
}

/// All properties of a variant except SKU and price. Fields that are left out are reset to their defaults.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VariantDetailsInput {
    /// Options that distinguish the variant from its siblings, by name; at most 50. Default: none.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// Barcode on the package, such as an EAN; 1 to 200 characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Weight including packaging, in grams; at most 100 000 000. Default: unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Whether inventory tracks stock of the SKU. A SKU that is not tracked is never out of stock.
    /// Default: true.
    #[serde(default = "tracked")]
    #[schema(required = false)]
    pub track_stock: bool,
    /// Largest quantity allowed in one order, in units; 1 to 1 000 000. Default: the shop's limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
}

fn tracked() -> bool {
    true
}

/// The new price of a variant, effective immediately.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceInput {
    /// Price of one unit, tax included, in one of the shop's currencies.
    pub price: MoneyInput,
    /// Reference price to compare with, higher than the price and in the same currency. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at: Option<MoneyInput>,
    /// Free-text reason, at most 200 characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The reason for publishing, unpublishing or archiving a product.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicationInput {
    /// Free-text reason, at most 200 characters. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The complete list of categories that a product belongs to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CategoriesInput {
    /// Ids of the categories, UUIDs or global ids; at most 20. An empty list removes the product from all categories.
    pub category_ids: Vec<String>,
}

/// The complete set of a product's attributes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttributesInput {
    /// Attributes by name; at most 50. Names have 1 to 50 characters, values at most 200.
    pub attributes: BTreeMap<String, String>,
}

/// An image or video of a product.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MediumInput {
    /// URL of the file, absolute or relative to the shop.
    #[schema(example = "/media/green-tea.jpg")]
    pub url: String,
    /// Alternative text that describes the content, 1 to 500 characters.
    pub alt: String,
}

/// A new category of the catalog's tree.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CategoryInput {
    /// URL name of the category's page; unique among categories. 1 to 96 lower-case letters, digits or
    /// dashes.
    pub slug: String,
    /// Display name, 1 to 100 characters.
    pub name: String,
    /// Id of the parent category, a UUID or a global id. Default: none, which makes it a top-level category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// The new name of a category.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameInput {
    /// New display name, 1 to 100 characters.
    pub name: String,
}

/// The new position of a category in the tree.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveInput {
    /// Id of the new parent category, a UUID or a global id. `null`, or left out, makes it a top-level category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

impl VariantInput {
    pub(crate) fn details(&self, problems: &mut Problems) -> VariantDetails {
        let Self { options, barcode, weight_grams, track_stock, max_per_order, .. } = self;
        let (options, barcode) = (problems.entries("options", options), one_line_if(barcode.as_ref()));
        let (weight_grams, track_stock, max_per_order) = (*weight_grams, *track_stock, *max_per_order);
        VariantDetails { options, barcode, weight_grams, track_stock, max_per_order }
    }
}

impl VariantDetailsInput {
    pub(crate) fn details(&self, problems: &mut Problems) -> VariantDetails {
        let Self { options, barcode, weight_grams, track_stock, max_per_order } = self;
        let (options, barcode) = (problems.entries("options", options), one_line_if(barcode.as_ref()));
        let (weight_grams, track_stock, max_per_order) = (*weight_grams, *track_stock, *max_per_order);
        VariantDetails { options, barcode, weight_grams, track_stock, max_per_order }
    }
}

/// The limits and an example of each input.
pub(crate) const SPECS: &[InputSpec] = &[
    InputSpec {
        input: "ProductInput",
        rules: &[
            ("slug", SLUG),
            ("title", Rule::Line(TITLE)),
            ("description", Rule::Text(DESCRIPTION)),
            ("brand", Rule::Line(NAME)),
            ("categoryIds", Rule::Items(0, CATEGORIES, &Rule::Id)),
            ("attributes", Rule::Map),
            ("taxClass", TAX),
        ],
        example: Some(|| {
            json!({
                "slug": "first-flush",
                "title": "First flush",
                "description": "Picked in March.",
                "brand": "Harbour Tea",
                "attributes": { "origin": "Darjeeling" },
                "taxClass": "REDUCED"
            })
        }),
    },
    InputSpec {
        input: "DetailsInput",
        rules: &[
            ("title", Rule::Line(TITLE)),
            ("description", Rule::Text(DESCRIPTION)),
            ("brand", Rule::Line(NAME)),
            ("slug", SLUG),
            ("taxClass", TAX),
        ],
        example: Some(|| json!({ "title": "First flush, new harvest", "brand": null })),
    },
    InputSpec {
        input: "VariantInput",
        rules: &[
            ("sku", SKU),
            ("options", Rule::Map),
            ("barcode", Rule::Line(NAME)),
            ("weightGrams", GRAMS),
            ("maxPerOrder", IN_AN_ORDER),
        ],
        example: Some(|| json!({ "sku": "FLUSH-100", "options": { "size": "100 g" }, "weightGrams": 120 })),
    },
    InputSpec {
        input: "VariantDetailsInput",
        rules: &[
            ("options", Rule::Map),
            ("barcode", Rule::Line(NAME)),
            ("weightGrams", GRAMS),
            ("maxPerOrder", IN_AN_ORDER),
        ],
        example: Some(|| json!({ "options": { "size": "100 g" }, "weightGrams": 125, "maxPerOrder": 10 })),
    },
    InputSpec {
        input: "PriceInput",
        rules: &[("reason", Rule::Line(NAME))],
        example: Some(
            || json!({ "price": { "minor": 1290, "currencyCode": "EUR" }, "reason": "New harvest" }),
        ),
    },
    InputSpec {
        input: "PublicationInput",
        rules: &[("reason", Rule::Line(NAME))],
        example: Some(|| json!({ "reason": "Season" })),
    },
    InputSpec {
        input: "CategoriesInput",
        rules: &[("categoryIds", Rule::Items(0, CATEGORIES, &Rule::Id))],
        example: Some(|| json!({ "categoryIds": [] })),
    },
    InputSpec {
        input: "AttributesInput",
        rules: &[("attributes", Rule::Map)],
        example: Some(|| json!({ "attributes": { "origin": "Darjeeling", "harvest": "March" } })),
    },
    InputSpec {
        input: "MediumInput",
        rules: &[("url", Rule::Line(URL)), ("alt", Rule::Line(ALT))],
        example: Some(|| json!({ "url": "/media/first-flush.jpg", "alt": "Leaves in a bowl" })),
    },
    InputSpec {
        input: "CategoryInput",
        rules: &[("slug", SLUG), ("name", Rule::Line(domain::category::NAME)), ("parent", Rule::Id)],
        example: Some(|| json!({ "slug": "spring-teas", "name": "Spring teas" })),
    },
    InputSpec {
        input: "RenameInput",
        rules: &[("name", Rule::Line(domain::category::NAME))],
        example: Some(|| json!({ "name": "Teas of spring" })),
    },
    InputSpec {
        input: "MoveInput",
        rules: &[("parent", Rule::Id)],
        example: Some(|| json!({ "parent": null })),
    },
];
