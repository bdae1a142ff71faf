//! The catalog.

use http_server::Audience::Staff;
use schemas::Context;

use crate::http::command::HttpCommand;
use crate::http::route::RouteGroup;
use crate::http::table::RouteTable;
use crate::inputs::{
    AttributesInput, CategoriesInput, CategoryInput, DetailsInput, MediumInput, MoveInput, NothingInput,
    PriceInput, ProductInput, PublicationInput, RenameInput, VariantDetailsInput, VariantInput,
};

const CATALOG: RouteGroup = RouteGroup { context: Some(Context::Catalog), audiences: &[Staff] };

pub(super) fn routes(table: RouteTable) -> RouteTable {
    categories(variants(products(table)))
}

fn products(table: RouteTable) -> RouteTable {
    table
        .command(
            CATALOG.post("/v1/products", "createProduct", "Creates a product as a draft.").creating(),
            |command: HttpCommand<ProductInput>| async move {
                command.commands.create_product(&command.meta, command.input).await
            },
        )
        .command(
            CATALOG.patch("/v1/products/{id}", "changeProduct", "Changes the details of a product."),
            |command: HttpCommand<DetailsInput>| async move {
                command.commands.change_product(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.put(
                "/v1/products/{id}/categories",
                "categoriseProduct",
                "Replaces the categories of a product.",
            ),
            |command: HttpCommand<CategoriesInput>| async move {
                command.commands.categorise_product(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.put(
                "/v1/products/{id}/attributes",
                "setAttributes",
                "Replaces all attributes of a product.",
            ),
            |command: HttpCommand<AttributesInput>| async move {
                command.commands.set_attributes(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.post("/v1/products/{id}/media", "addMedium", "Adds an image or video to a product."),
            |command: HttpCommand<MediumInput>| async move {
                command.commands.add_medium(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.post(
                "/v1/products/{id}/publish",
                "publishProduct",
                "Publishes a product: shoppers can see it.",
            ),
            |command: HttpCommand<PublicationInput>| async move {
                command.commands.publish_product(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.post(
                "/v1/products/{id}/unpublish",
                "unpublishProduct",
                "Unpublishes a product: shoppers can no longer see it.",
            ),
            |command: HttpCommand<PublicationInput>| async move {
                command.commands.unpublish_product(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.post("/v1/products/{id}/archive", "archiveProduct", "Archives a product permanently."),
            |command: HttpCommand<PublicationInput>| async move {
                command.commands.archive_product(&command.meta, &command.id, command.input).await
            },
        )
}

fn variants(table: RouteTable) -> RouteTable {
    table
        .command(
            CATALOG
                .post("/v1/products/{id}/variants", "addVariant", "Adds a variant to a product.")
                .creating_sku(),
            |command: HttpCommand<VariantInput>| async move {
                command.commands.add_variant(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.put(
                "/v1/products/{id}/variants/{sku}",
                "changeVariant",
                "Replaces the properties of a variant.",
            ),
            |command: HttpCommand<VariantDetailsInput>| async move {
                command.commands.change_variant(&command.meta, &command.id, &command.sku, command.input).await
            },
        )
        .command(
            CATALOG.put(
                "/v1/products/{id}/variants/{sku}/price",
                "setPrice",
                "Sets the price of a variant, effective immediately.",
            ),
            |command: HttpCommand<PriceInput>| async move {
                command.commands.set_price(&command.meta, &command.id, &command.sku, command.input).await
            },
        )
        .command(
            CATALOG.post(
                "/v1/products/{id}/variants/{sku}/discontinue",
                "discontinueVariant",
                "Discontinues a variant permanently.",
            ),
            |command: HttpCommand<NothingInput>| async move {
                command.commands.discontinue_variant(&command.meta, &command.id, &command.sku).await
            },
        )
}

fn categories(table: RouteTable) -> RouteTable {
    table
        .command(
            CATALOG.post("/v1/categories", "createCategory", "Creates a category in the tree.").creating(),
            |command: HttpCommand<CategoryInput>| async move {
                command.commands.create_category(&command.meta, command.input).await
            },
        )
        .command(
            CATALOG.patch("/v1/categories/{id}", "renameCategory", "Changes the name of a category."),
            |command: HttpCommand<RenameInput>| async move {
                command.commands.rename_category(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.put(
                "/v1/categories/{id}/parent",
                "moveCategory",
                "Moves a category, with all its subcategories, to a new parent.",
            ),
            |command: HttpCommand<MoveInput>| async move {
                command.commands.move_category(&command.meta, &command.id, command.input).await
            },
        )
        .command(
            CATALOG.delete(
                "/v1/categories/{id}",
                "deleteCategory",
                "Deletes a category that has no subcategories.",
            ),
            |command: HttpCommand<NothingInput>| async move {
                command.commands.delete_category(&command.meta, &command.id).await
            },
        )
}
