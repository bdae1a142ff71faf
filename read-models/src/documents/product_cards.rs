//! What a list shows of a product: the product without its description, attributes and price history. Id: the
//! product's stream, `product-{id}`, with the version that the product has.

use serde::{Deserialize, Serialize};

use super::Money;
use super::products::{Medium, Product, Variant};
use crate::port::{Collection, Streams};

/// Read by id only: lists find the ids among the products.
pub static PRODUCT_CARDS: Collection = Collection {
    name: "product_cards",
    shape: 1,
    streams: Streams::Entity("product"),
    hot: true,
    indexes: &[],
};

/// A card. **Stored format.** Its fields are those of [`Product`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductCard {
    pub product_id: String,
    pub slug: String,
    pub title: String,
    pub brand: Option<String>,
    pub status: String,
    pub category_ids: Vec<String>,
    pub media: Vec<Medium>,
    pub variants: Vec<Variant>,
    pub min_price: Option<Money>,
    pub max_price: Option<Money>,
    pub available_for_sale: bool,
    pub created_at: String,
    pub updated_at: String,
}

impl From<Product> for ProductCard {
    fn from(product: Product) -> Self {
        let Product {
            product_id,
            slug,
            title,
            sort_title: _,
            description: _,
            brand,
            status,
            tax_class: _,
            category_ids,
            attributes: _,
            media,
            variants,
            skus: _,
            min_price,
            max_price,
            price_history: _,
            available_for_sale,
            position: _,
            created_at,
            updated_at,
        } = product;
        Self {
            product_id,
            slug,
            title,
            brand,
            status,
            category_ids,
            media,
            variants,
            min_price,
            max_price,
            available_for_sale,
            created_at,
            updated_at,
        }
    }
}

impl ProductCard {
    /// The product with the fields of the card; the others are empty.
    pub fn into_product(self) -> Product {
        Product {
            product_id: self.product_id,
            slug: self.slug,
            title: self.title,
            brand: self.brand,
            status: self.status,
            category_ids: self.category_ids,
            media: self.media,
            variants: self.variants,
            min_price: self.min_price,
            max_price: self.max_price,
            available_for_sale: self.available_for_sale,
            created_at: self.created_at,
            updated_at: self.updated_at,
            ..Product::default()
        }
    }
}
