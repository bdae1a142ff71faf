//! Categories.

use domain::category::{CreateCategory, DeleteCategory, MoveCategory, RenameCategory};
use schemas::CategoryId;

use super::{category, category_target};
use crate::accepted::{Accepted, CommandError};
use crate::commands::Commands;
use crate::inputs::checks::Problems;
use crate::inputs::{CategoryInput, MoveInput, NothingInput, RenameInput};
use crate::meta::Meta;

impl Commands {
    /// Adds a category to the tree. Answers `{categoryId, slug}`.
    pub async fn create_category(&self, meta: &Meta, input: CategoryInput) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let slug = problems.parsed("slug", &input.slug);
        let parent = problems.parsed_if("parent", input.parent.as_deref());
        let slug = problems.all(slug)?;
        let category_id = CategoryId::derived(&[&meta.command().to_string()]);
        let create = CreateCategory { category_id, slug, name: input.name.clone(), parent };
        self.carry_out(meta, "CreateCategory", category_target(category_id), &input, create).await
    }

    /// Gives a category another name.
    pub async fn rename_category(
        &self,
        meta: &Meta,
        id: &str,
        input: RenameInput,
    ) -> Result<Accepted, CommandError> {
        let (category_id, target) = category(id)?;
        let rename = RenameCategory { category_id, name: input.name.clone() };
        self.carry_out(meta, "RenameCategory", target, &input, rename).await
    }

    /// Makes a category part of another one, with everything in it.
    pub async fn move_category(
        &self,
        meta: &Meta,
        id: &str,
        input: MoveInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let parent = problems.parsed_if("parent", input.parent.as_deref());
        problems.none()?;
        let (category_id, target) = category(id)?;
        self.carry_out(meta, "MoveCategory", target, &input, MoveCategory { category_id, parent }).await
    }

    /// Takes a category without children out of the tree.
    pub async fn delete_category(&self, meta: &Meta, id: &str) -> Result<Accepted, CommandError> {
        let (category_id, target) = category(id)?;
        self.carry_out(meta, "DeleteCategory", target, &NothingInput {}, DeleteCategory { category_id }).await
    }
}
