//! Suggestions while a shopper types.

use async_graphql::Union;

use super::category::Category;
use super::product::Product;
use crate::execution::one_of;

/// A suggestion for a search text that is still being typed: a category or a product.
#[derive(Union)]
pub(crate) enum Suggestion {
    Category(Category),
    Product(Product),
}

one_of!(Suggestion: Category, Product);
