//! Facets of a list of products.

use crate::execution::leaf;
use crate::types::names::name;
use async_graphql::{Enum, SimpleObject};
use query_api_macros::Fields;
use serde_json::json;

use crate::fault::Fault;
use crate::id::global;
use crate::scalars::{BigInt, Json};

/// What a facet is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum FacetKind {
    /// Categories of the products, ancestors included.
    Category,
    /// Brands or manufacturers of the products.
    Brand,
    /// Bands of the products' lowest price.
    Price,
    /// Whether the product can be bought: see `Product.availableForSale`.
    Availability,
    /// Whether the product is in stock: see `ProductWhere.inStock`.
    Stock,
    /// Values of one attribute of products or one option of variants.
    Attribute,
}

leaf! { FacetKind: |value| name(*value); }

/// A property by which a list of products can be narrowed, with the number of products for each value.
#[derive(SimpleObject, Fields)]
pub(crate) struct Facet {
    /// Identifies the facet: `category`, `brand`, `price`, `availability`, `stock`, or `attribute:` and the
    /// attribute's name.
    id: String,
    /// Name of an attribute as it was set by staff; for other kinds the English name of the facet.
    label: String,
    /// What the facet is about.
    kind: FacetKind,
    /// Values, the most frequent first; price bands from low to high. At most 100.
    values: Vec<FacetValue>,
}

/// A value of a facet.
#[derive(SimpleObject, Fields)]
pub(crate) struct FacetValue {
    /// Identifies the value within its facet. For stock `IN_STOCK` or `OUT_OF_STOCK`.
    id: String,
    /// Display text: the name of a category, otherwise the value itself. For price bands, format `min` and
    /// `max` instead.
    label: String,
    /// Number of products with this value that match the search and all filters except those on this facet.
    count: u64,
    /// Whether the list is filtered by this value.
    selected: bool,
    /// Filter by this value, to be merged into `where`: a `ProductWhere` with the field of this facet only.
    input: Json,
    /// Smallest price of the band, in minor units. Null for other facets.
    min: Option<BigInt>,
    /// Largest price of the band, in minor units. Null for other facets.
    max: Option<BigInt>,
}

const ATTRIBUTE: &str = "attribute:";
const FIXED: [&str; 5] = ["category", "brand", "price", "availability", "stock"];

impl Facet {
    /// The facets with these ids, all of them if there are none given. One that the products do not have is left out.
    pub(super) fn named(all: &[search::Facet], ids: Option<&[String]>) -> Result<Vec<Self>, Fault> {
        let known = |id: &String| FIXED.contains(&id.as_str()) || id.starts_with(ATTRIBUTE);
        if let Some(unknown) = ids.and_then(|ids| ids.iter().find(|id| !known(id))) {
            let unknown: String = unknown.chars().take(64).collect();
            return Err(Fault::BadInput(format!(
                "{unknown:?} is not a facet; use category, brand, price, availability, stock or attribute:NAME"
            )));
        }
        let wanted = |facet: &Self| ids.is_none_or(|ids| ids.contains(&facet.id));
        Ok(all.iter().map(Self::of).filter(wanted).collect())
    }

    fn of(facet: &search::Facet) -> Self {
        let (id, label, kind) = match &facet.kind {
            search::FacetKind::Category => (FIXED[0].to_owned(), "Category", FacetKind::Category),
            search::FacetKind::Brand => (FIXED[1].to_owned(), "Brand", FacetKind::Brand),
            search::FacetKind::Price => (FIXED[2].to_owned(), "Price", FacetKind::Price),
            search::FacetKind::Available => (FIXED[3].to_owned(), "Availability", FacetKind::Availability),
            search::FacetKind::InStock => (FIXED[4].to_owned(), "Stock", FacetKind::Stock),
            search::FacetKind::Attribute(name) => {
                (format!("{ATTRIBUTE}{name}"), name.as_str(), FacetKind::Attribute)
            }
        };
        let values = facet.values.iter().map(|value| FacetValue::of(&facet.kind, value)).collect();
        Self { id, label: label.to_owned(), kind, values }
    }
}

impl FacetValue {
    fn of(kind: &search::FacetKind, value: &search::FacetValue) -> Self {
        let own = &value.value;
        let input = match (kind, value.range) {
            (search::FacetKind::Category, _) => json!({ "category": { "id": global("Category", own) } }),
            (search::FacetKind::Brand, _) => json!({ "brand": [own] }),
            (search::FacetKind::Available, _) => json!({ "availableForSale": own == "true" }),
            (search::FacetKind::InStock, _) => json!({ "inStock": own == "true" }),
            (search::FacetKind::Attribute(name), _) => {
                json!({ "attributes": [{ "name": name, "values": [own] }] })
            }
            (search::FacetKind::Price, range) => json!({
                "price": range.map(|range| json!({ "min": range.min.to_string(), "max": range.max.to_string() }))
            }),
        };
        let (id, label) = match kind {
            search::FacetKind::Category => (global("Category", own).to_string(), value.label.clone()),
            search::FacetKind::InStock => {
                let level = if own == "true" { "IN_STOCK" } else { "OUT_OF_STOCK" };
                (level.to_owned(), level.to_owned())
            }
            _ => (own.clone(), value.label.clone()),
        };
        Self {
            id,
            label,
            count: value.count,
            selected: value.selected,
            input: Json(input),
            min: value.range.map(|range| BigInt(range.min)),
            max: value.range.map(|range| BigInt(range.max)),
        }
    }
}
