//! What commands created, at the paths of `Location`.

use http_server::Audience::{Public, Staff};

use crate::commands::Commands;
use crate::http::resource::ResourceSpec;
use crate::http::table::RouteTable;

const ORDER: ResourceSpec = ResourceSpec {
    path: "/v1/orders/{id}",
    audiences: &[Public, Staff],
    name: "order",
    summary: "Returns the recorded version of an order.",
};
const PRODUCT: ResourceSpec = ResourceSpec {
    path: "/v1/products/{id}",
    audiences: &[Staff],
    name: "product",
    summary: "Returns the recorded version of a product.",
};
const VARIANT: ResourceSpec = ResourceSpec {
    path: "/v1/products/{id}/variants/{sku}",
    audiences: &[Staff],
    name: "variant",
    summary: "Returns the recorded version of a variant's product.",
};
const CATEGORY: ResourceSpec = ResourceSpec {
    path: "/v1/categories/{id}",
    audiences: &[Staff],
    name: "category",
    summary: "Returns the recorded version of a category's tree.",
};

pub(super) fn routes(table: RouteTable) -> RouteTable {
    table
        .resource(
            ORDER,
            |commands: Commands, id: String, _| async move { commands.recorded_order(&id).await },
        )
        .resource(
            PRODUCT,
            |commands: Commands, id: String, _| async move { commands.recorded_product(&id).await },
        )
        .resource(VARIANT, |commands: Commands, id: String, sku: String| async move {
            commands.recorded_variant(&id, &sku).await
        })
        .resource(CATEGORY, |commands: Commands, id: String, _| async move {
            commands.recorded_category(&id).await
        })
}
