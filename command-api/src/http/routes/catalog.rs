//! The catalog.

use schemas::Context;

use crate::http::Side::Staff;
use crate::http::call::Call;
use crate::http::table::{Group, Table};
use crate::inputs::{
    AttributesInput, CategoriesInput, CategoryInput, DetailsInput, MediumInput, MoveInput, NothingInput,
    PriceInput, ProductInput, PublicationInput, RenameInput, VariantDetailsInput, VariantInput,
};

const CATALOG: Group = Group { context: Some(Context::Catalog), sides: &[Staff] };

pub(super) fn routes(table: Table) -> Table {
    categories(variants(products(table)))
}

fn products(table: Table) -> Table {
    table
        .command(
            CATALOG.post("/v1/products", "createProduct", "Brings a product into the catalog, as a draft.").creating(),
            |call: Call<ProductInput>| async move { call.shop.create_product(&call.meta, call.input).await },
        )
        .command(
            CATALOG.patch("/v1/products/{id}", "changeProduct", "Changes what is said about a product."),
            |call: Call<DetailsInput>| async move { call.shop.change_product(&call.meta, &call.id, call.input).await },
        )
        .command(
            CATALOG.put("/v1/products/{id}/categories", "categoriseProduct", "Says where a product is found."),
            |call: Call<CategoriesInput>| async move {
                call.shop.categorise_product(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            CATALOG.put("/v1/products/{id}/attributes", "setAttributes", "Replaces all attributes of a product."),
            |call: Call<AttributesInput>| async move {
                call.shop.set_attributes(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            CATALOG.post("/v1/products/{id}/media", "addMedium", "Adds a picture or film to a product."),
            |call: Call<MediumInput>| async move { call.shop.add_medium(&call.meta, &call.id, call.input).await },
        )
        .command(
            CATALOG.post("/v1/products/{id}/publish", "publishProduct", "Shows a product to shoppers."),
            |call: Call<PublicationInput>| async move {
                call.shop.publish_product(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            CATALOG.post("/v1/products/{id}/unpublish", "unpublishProduct", "Hides a product from shoppers."),
            |call: Call<PublicationInput>| async move {
                call.shop.unpublish_product(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            CATALOG.post("/v1/products/{id}/archive", "archiveProduct", "Takes a product out of the catalog for good."),
            |call: Call<PublicationInput>| async move {
                call.shop.archive_product(&call.meta, &call.id, call.input).await
            },
        )
}

fn variants(table: Table) -> Table {
    table
        .command(
            CATALOG
                .post("/v1/products/{id}/variants", "addVariant", "Adds a variant to a product.")
                .creating_sku(),
            |call: Call<VariantInput>| async move {
                call.shop.add_variant(&call.meta, &call.id, call.input).await
            },
        )
        .command(
            CATALOG.put(
                "/v1/products/{id}/variants/{sku}",
                "changeVariant",
                "Says anew what a variant is like.",
            ),
            |call: Call<VariantDetailsInput>| async move {
                call.shop.change_variant(&call.meta, &call.id, &call.sku, call.input).await
            },
        )
        .command(
            CATALOG.put(
                "/v1/products/{id}/variants/{sku}/price",
                "setPrice",
                "Says what a variant costs from now on.",
            ),
            |call: Call<PriceInput>| async move {
                call.shop.set_price(&call.meta, &call.id, &call.sku, call.input).await
            },
        )
        .command(
            CATALOG.post(
                "/v1/products/{id}/variants/{sku}/discontinue",
                "discontinueVariant",
                "Stops selling a variant, for good.",
            ),
            |call: Call<NothingInput>| async move {
                call.shop.discontinue_variant(&call.meta, &call.id, &call.sku).await
            },
        )
}

fn categories(table: Table) -> Table {
    table
        .command(
            CATALOG.post("/v1/categories", "createCategory", "Adds a category to the tree.").creating(),
            |call: Call<CategoryInput>| async move { call.shop.create_category(&call.meta, call.input).await },
        )
        .command(
            CATALOG.patch("/v1/categories/{id}", "renameCategory", "Gives a category another name."),
            |call: Call<RenameInput>| async move { call.shop.rename_category(&call.meta, &call.id, call.input).await },
        )
        .command(
            CATALOG.put(
                "/v1/categories/{id}/parent",
                "moveCategory",
                "Makes a category part of another one, with everything in it.",
            ),
            |call: Call<MoveInput>| async move { call.shop.move_category(&call.meta, &call.id, call.input).await },
        )
        .command(
            CATALOG.delete("/v1/categories/{id}", "deleteCategory", "Takes a category without children out of the tree."),
            |call: Call<NothingInput>| async move { call.shop.delete_category(&call.meta, &call.id).await },
        )
}
