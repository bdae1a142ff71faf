//! Products.

use domain::product::{
    AddMedia, Archive, Categorise, ChangeDetails, CreateProduct, Publish, SetAttributes, Unpublish,
};
use schemas::ProductId;

use super::{category_ids, product, product_target};
use crate::accepted::{Accepted, CommandError};
use crate::commands::Commands;
use crate::inputs::checks::{Problems, one_line, one_line_if};
use crate::inputs::{
    AttributesInput, CategoriesInput, DetailsInput, MediumInput, ProductInput, PublicationInput,
};
use crate::meta::CommandMeta;

impl Commands {
    /// Adds a product to the catalog, as a draft. The answer is `{productId, slug}`.
    pub async fn create_product(
        &self,
        meta: &CommandMeta,
        input: ProductInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let slug = problems.parsed("slug", &input.slug);
        let category_ids = category_ids(&mut problems, &input.category_ids);
        let attributes = problems.entries("attributes", &input.attributes);
        let slug = problems.all(slug)?;
        let product_id = ProductId::derived(&[&meta.command().to_string()]);
        let create = CreateProduct {
            product_id,
            slug,
            title: one_line(&input.title),
            description: input.description.clone(),
            brand: one_line_if(input.brand.as_ref()),
            category_ids,
            attributes,
            tax_class: input.tax_class,
        };
        self.execute(meta, "CreateProduct", product_target(product_id), &input, create).await
    }

    /// Changes the details of a product.
    pub async fn change_product(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: DetailsInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let slug = problems.parsed_if("slug", input.slug.as_deref());
        problems.none()?;
        let (product_id, target) = product(id)?;
        let change = ChangeDetails {
            product_id,
            title: one_line_if(input.title.as_ref()),
            description: input.description.clone(),
            brand: input.brand.as_ref().map(|brand| one_line_if(brand.as_ref())),
            slug,
            tax_class: input.tax_class,
        };
        self.execute(meta, "ChangeDetails", target, &input, change).await
    }

    /// Sets the categories of a product.
    pub async fn categorise_product(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: CategoriesInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let category_ids = category_ids(&mut problems, &input.category_ids);
        problems.none()?;
        let (product_id, target) = product(id)?;
        self.execute(meta, "Categorise", target, &input, Categorise { product_id, category_ids }).await
    }

    /// Replaces all attributes of a product.
    pub async fn set_attributes(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: AttributesInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let attributes = problems.entries("attributes", &input.attributes);
        problems.none()?;
        let (product_id, target) = product(id)?;
        let set = SetAttributes { product_id, attributes };
        self.execute(meta, "SetAttributes", target, &input, set).await
    }

    /// Adds an image or video to a product.
    pub async fn add_medium(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: MediumInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let add = AddMedia { product_id, url: one_line(&input.url), alt: one_line(&input.alt) };
        self.execute(meta, "AddMedia", target, &input, add).await
    }

    /// Publishes a product on the storefront.
    pub async fn publish_product(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: PublicationInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let publish = Publish { product_id, reason: one_line_if(input.reason.as_ref()) };
        self.execute(meta, "Publish", target, &input, publish).await
    }

    /// Removes a product from the storefront.
    pub async fn unpublish_product(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: PublicationInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let unpublish = Unpublish { product_id, reason: one_line_if(input.reason.as_ref()) };
        self.execute(meta, "Unpublish", target, &input, unpublish).await
    }

    /// Archives a product. This cannot be undone.
    pub async fn archive_product(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: PublicationInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let archive = Archive { product_id, reason: one_line_if(input.reason.as_ref()) };
        self.execute(meta, "Archive", target, &input, archive).await
    }
}
