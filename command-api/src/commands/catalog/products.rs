//! Products.

use domain::product::{
    AddMedia, Archive, Categorise, ChangeDetails, CreateProduct, Publish, SetAttributes, Unpublish,
};
use schemas::ProductId;

use super::{category_ids, product, product_target};
use crate::accepted::{Accepted, CommandError};
use crate::commands::Commands;
use crate::inputs::checks::Problems;
use crate::inputs::{
    AttributesInput, CategoriesInput, DetailsInput, MediumInput, ProductInput, PublicationInput,
};
use crate::meta::Meta;

impl Commands {
    /// Brings a product into the catalog, as a draft. Answers `{productId, slug}`.
    pub async fn create_product(&self, meta: &Meta, input: ProductInput) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let slug = problems.parsed("slug", &input.slug);
        let category_ids = category_ids(&mut problems, &input.category_ids);
        let slug = problems.all(slug)?;
        let product_id = ProductId::derived(&[&meta.command().to_string()]);
        let create = CreateProduct {
            product_id,
            slug,
            title: input.title.clone(),
            description: input.description.clone(),
            brand: input.brand.clone(),
            category_ids,
            attributes: input.attributes.clone(),
            tax_class: input.tax_class,
        };
        self.carry_out(meta, "CreateProduct", product_target(product_id), &input, create).await
    }

    /// Changes what is said about a product.
    pub async fn change_product(
        &self,
        meta: &Meta,
        id: &str,
        input: DetailsInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let slug = problems.parsed_if("slug", input.slug.as_deref());
        problems.none()?;
        let (product_id, target) = product(id)?;
        let change = ChangeDetails {
            product_id,
            title: input.title.clone(),
            description: input.description.clone(),
            brand: input.brand.clone(),
            slug,
            tax_class: input.tax_class,
        };
        self.carry_out(meta, "ChangeDetails", target, &input, change).await
    }

    /// Moves a product to these categories and out of all others.
    pub async fn categorise_product(
        &self,
        meta: &Meta,
        id: &str,
        input: CategoriesInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let category_ids = category_ids(&mut problems, &input.category_ids);
        problems.none()?;
        let (product_id, target) = product(id)?;
        self.carry_out(meta, "Categorise", target, &input, Categorise { product_id, category_ids }).await
    }

    /// Replaces all attributes of a product.
    pub async fn set_attributes(
        &self,
        meta: &Meta,
        id: &str,
        input: AttributesInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let set = SetAttributes { product_id, attributes: input.attributes.clone() };
        self.carry_out(meta, "SetAttributes", target, &input, set).await
    }

    /// Adds a picture or film to a product.
    pub async fn add_medium(
        &self,
        meta: &Meta,
        id: &str,
        input: MediumInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let add = AddMedia { product_id, url: input.url.clone(), alt: input.alt.clone() };
        self.carry_out(meta, "AddMedia", target, &input, add).await
    }

    /// Shows a product to shoppers.
    pub async fn publish_product(
        &self,
        meta: &Meta,
        id: &str,
        input: PublicationInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let publish = Publish { product_id, reason: input.reason.clone() };
        self.carry_out(meta, "Publish", target, &input, publish).await
    }

    /// Hides a product from shoppers.
    pub async fn unpublish_product(
        &self,
        meta: &Meta,
        id: &str,
        input: PublicationInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let unpublish = Unpublish { product_id, reason: input.reason.clone() };
        self.carry_out(meta, "Unpublish", target, &input, unpublish).await
    }

    /// Takes a product out of the catalog for good.
    pub async fn archive_product(
        &self,
        meta: &Meta,
        id: &str,
        input: PublicationInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, target) = product(id)?;
        let archive = Archive { product_id, reason: input.reason.clone() };
        self.carry_out(meta, "Archive", target, &input, archive).await
    }
}
