//! What is said about products and categories.

use std::collections::BTreeMap;

use schemas::product::{TaxClass, VariantDetails};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::MoneyInput;

/// A product as it comes into the catalog, not yet published.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductInput {
    /// Its page's address; unique.
    #[schema(example = "green-tea")]
    pub slug: String,
    /// 1 to 200 characters.
    pub title: String,
    /// At most 5 000 characters.
    #[serde(default)]
    pub description: String,
    /// Who makes it: 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    /// Where it is found: at most 20 categories.
    #[serde(default)]
    pub category_ids: Vec<String>,
    /// Properties: at most 50.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Its rate of tax.
    #[serde(default)]
    #[schema(value_type = String, pattern = "^(STANDARD|REDUCED|ZERO)$", default = "STANDARD")]
    pub tax_class: TaxClass,
}

/// What is to change about a product; what is not said stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DetailsInput {
    /// 1 to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// At most 5 000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// 1 to 200 characters; `null` takes it away.
    #[serde(default, deserialize_with = "said", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub brand: Option<Option<String>>,
    /// Another address for its page; unique. The old one becomes free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Another rate of tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, pattern = "^(STANDARD|REDUCED|ZERO)$")]
    pub tax_class: Option<TaxClass>,
}

/// Tells `null` from what is not said.
fn said<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A variant of a product.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VariantInput {
    /// Its stock keeping unit; unique, for ever.
    #[schema(example = "TEA-100")]
    pub sku: String,
    /// What sets it apart from the other variants.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// EAN or another code on the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Weight with package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Whether its stock is counted; what is not counted is never out of stock.
    #[serde(default = "tracked")]
    #[schema(default = true)]
    pub track_stock: bool,
    /// The most that one order may hold: at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
}

/// All that can be said of a variant beside its SKU and price; what is not said is taken away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VariantDetailsInput {
    /// What sets it apart from the other variants.
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    /// EAN or another code on the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub barcode: Option<String>,
    /// Weight with package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Whether its stock is counted.
    #[serde(default = "tracked")]
    #[schema(default = true)]
    pub track_stock: bool,
    /// The most that one order may hold: at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_per_order: Option<u32>,
}

fn tracked() -> bool {
    true
}

/// What a variant costs from now on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PriceInput {
    /// Tax included, in one of the shop's currencies.
    pub price: MoneyInput,
    /// A higher price to compare with, in the same currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compare_at: Option<MoneyInput>,
    /// Why: at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Why a product is published, hidden or archived.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PublicationInput {
    /// At most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where a product is found from now on, and nowhere else.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CategoriesInput {
    /// At most 20.
    pub category_ids: Vec<String>,
}

/// All attributes of a product.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AttributesInput {
    /// At most 50, names of at most 50 and values of at most 200 characters.
    pub attributes: BTreeMap<String, String>,
}

/// A picture or film of a product.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MediumInput {
    /// Where it is.
    #[schema(example = "/media/green-tea.jpg")]
    pub url: String,
    /// What it shows, in words: 1 to 500 characters.
    pub alt: String,
}

/// A category of the tree.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CategoryInput {
    /// Its page's address; unique among categories.
    pub slug: String,
    /// 1 to 100 characters.
    pub name: String,
    /// The id of the category that it is part of; none at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

/// Another name for a category.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RenameInput {
    /// 1 to 100 characters.
    pub name: String,
}

/// Another place in the tree.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MoveInput {
    /// The id of the category that it is to be part of; none, or `null`, for the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
}

impl VariantInput {
    pub(crate) fn details(self) -> VariantDetails {
        let Self { options, barcode, weight_grams, track_stock, max_per_order, .. } = self;
        VariantDetails { options, barcode, weight_grams, track_stock, max_per_order }
    }
}

impl VariantDetailsInput {
    pub(crate) fn details(self) -> VariantDetails {
        let Self { options, barcode, weight_grams, track_stock, max_per_order } = self;
        VariantDetails { options, barcode, weight_grams, track_stock, max_per_order }
    }
}
