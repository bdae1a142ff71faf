//! Categories.

use domain::category::{CreateCategory, DeleteCategory, MoveCategory, RenameCategory};
use schemas::CategoryId;

use super::{category, category_target};
use crate::accepted::{Accepted, CommandError};
use crate::commands::Commands;
use crate::ids::Named;
use crate::inputs::checks::{Problems, one_line};
use crate::inputs::{CategoryInput, MoveInput, NothingInput, RenameInput};
use crate::meta::CommandMeta;

impl Commands {
    /// Adds a category to the tree. The answer is `{categoryId, slug}`.
    pub async fn create_category(
        &self,
        meta: &CommandMeta,
        input: CategoryInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let slug = problems.parsed("slug", &input.slug);
        let parent = parent(&mut problems, input.parent.as_deref());
        let slug = problems.all(slug)?;
        let category_id = CategoryId::derived(&[&meta.command().to_string()]);
        let create = CreateCategory { category_id, slug, name: one_line(&input.name), parent };
        self.execute(meta, "CreateCategory", category_target(category_id), &input, create).await
    }

    pub async fn rename_category(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: RenameInput,
    ) -> Result<Accepted, CommandError> {
        let (category_id, target) = category(id)?;
        let rename = RenameCategory { category_id, name: one_line(&input.name) };
        self.execute(meta, "RenameCategory", target, &input, rename).await
    }

    /// Moves a category, with its subtree, to another parent.
    pub async fn move_category(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: MoveInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let parent = parent(&mut problems, input.parent.as_deref());
        problems.none()?;
        let (category_id, target) = category(id)?;
        self.execute(meta, "MoveCategory", target, &input, MoveCategory { category_id, parent }).await
    }

    /// Deletes a category that has no children.
    pub async fn delete_category(&self, meta: &CommandMeta, id: &str) -> Result<Accepted, CommandError> {
        let (category_id, target) = category(id)?;
        self.execute(meta, "DeleteCategory", target, &NothingInput {}, DeleteCategory { category_id }).await
    }
}

fn parent(problems: &mut Problems, id: Option<&str>) -> Option<CategoryId> {
    problems.id("parent", Named::Category, id?)
}
