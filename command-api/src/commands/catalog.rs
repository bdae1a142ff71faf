//! The catalog: products with their variants and prices, and the category tree.

use schemas::{CategoryId, Context, ProductId};

use super::Target;
use crate::accepted::CommandError;
use crate::inputs::checks::Problems;

mod categories;
mod products;
mod variants;

fn product(product: &str) -> Result<(ProductId, Target), CommandError> {
    let id: ProductId = product.parse().map_err(|_| CommandError::NotFound("product"))?;
    Ok((id, product_target(id)))
}

fn product_target(id: ProductId) -> Target {
    Target { context: Context::Catalog, stream: id.stream(), id: id.to_string(), flow: None }
}

/// The tree is one stream, so a category's version is the tree's.
fn category_target(id: CategoryId) -> Target {
    Target { context: Context::Catalog, stream: schemas::category::stream(), id: id.to_string(), flow: None }
}

fn category(category: &str) -> Result<(CategoryId, Target), CommandError> {
    let id: CategoryId = category.parse().map_err(|_| CommandError::NotFound("category"))?;
    Ok((id, category_target(id)))
}

fn category_ids(problems: &mut Problems, ids: &[String]) -> Vec<CategoryId> {
    ids.iter().enumerate().filter_map(|(i, id)| problems.parsed(&format!("categoryIds[{i}]"), id)).collect()
}
