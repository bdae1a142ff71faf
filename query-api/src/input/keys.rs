//! Ways to name one object: exactly one is given.

use async_graphql::{ID, OneofObject};

use crate::scalars::DateTime;

/// Names a product in one of these ways.
#[derive(OneofObject)]
pub(crate) enum ProductKey {
    /// Global id of the product, or its UUID.
    Id(ID),
    /// URL name of the product.
    Slug(String),
    /// SKU of any variant of the product.
    Sku(String),
}

/// Names a category in one of these ways.
#[derive(OneofObject)]
pub(crate) enum CategoryKey {
    /// Global id of the category, or its UUID.
    Id(ID),
    /// URL name of the category.
    Slug(String),
}

/// Names an order in one of these ways.
#[derive(OneofObject)]
pub(crate) enum OrderKey {
    /// Global id of the order, or its UUID.
    Id(ID),
    /// Order number, such as `10-000042`.
    Number(String),
}

/// Names a state of the past in one of these ways.
#[derive(OneofObject)]
pub(crate) enum Moment {
    /// The state at this time; events at exactly this time are included.
    At(DateTime),
    /// The state after this number of events of the stream.
    Version(u64),
}
