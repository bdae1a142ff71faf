//! What lists show of products.

use read_models::documents::product_cards::{self, ProductCard};
use schemas::product::ProductEvent;
use schemas::{Recorded, Topic};

use super::products;
use crate::projection::{Entity, Projection};

/// Entity of the product's stream.
pub static PRODUCT_CARDS: Projection =
    Projection::entity(&product_cards::PRODUCT_CARDS, &[Topic::PRODUCT], &Entity(evolve));

/// The card after the event. The fields of a card follow from those that it has, so it is evolved as the product is.
pub fn evolve(card: Option<ProductCard>, event: &Recorded<ProductEvent>) -> Option<ProductCard> {
    products::evolve(card.map(ProductCard::into_product), event).map(ProductCard::from)
}
