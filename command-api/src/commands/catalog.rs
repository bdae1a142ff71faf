//! The catalog: products with their variants and prices, and the category tree.

use schemas::{CategoryId, Context, ProductId};

use super::Target;
use super::existing::in_path;
use crate::accepted::CommandError;
use crate::ids::Named;
use crate::inputs::checks::Problems;

mod categories;
mod products;
mod variants;

fn product(product: &str) -> Result<(ProductId, Target), CommandError> {
    let id: ProductId = in_path(Named::Product, product)?;
    Ok((id, product_target(id)))
}

fn product_target(id: ProductId) -> Target {
    let type_name = Named::Product.type_name();
    Target { context: Context::Catalog, stream: id.stream(), id: id.to_string(), type_name, flow: None }
}

/// The tree is one stream, so a category's version is the tree's.
fn category_target(id: CategoryId) -> Target {
    let (stream, type_name) = (schemas::category::stream(), Named::Category.type_name());
    Target { context: Context::Catalog, stream, id: id.to_string(), type_name, flow: None }
}

fn category(category: &str) -> Result<(CategoryId, Target), CommandError> {
    let id: CategoryId = in_path(Named::Category, category)?;
    Ok((id, category_target(id)))
}

fn category_ids(problems: &mut Problems, ids: &[String]) -> Vec<CategoryId> {
    let id = |(i, id): (usize, &String)| problems.id(&format!("categoryIds[{i}]"), Named::Category, id);
    ids.iter().enumerate().filter_map(id).collect()
}
