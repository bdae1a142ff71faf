//! Moving categories, with everything below them.

use schemas::CategoryId;
use schemas::category::CategoryMoved;

use super::Categories;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Moves a category to another parent, with everything below it.
#[derive(Clone, Debug)]
pub struct MoveCategory {
    pub category_id: CategoryId,
    /// New parent; `None` for the top level. Must not be the category itself or one of its descendants.
    pub parent: Option<CategoryId>,
}

one_stream!(MoveCategory, Categories, |_it| schemas::category::stream(), relocate);

fn relocate(tree: &mut Draft<'_, Categories>, command: &MoveCategory) -> Result<(), Refusal> {
    let category = tree.existing(command.category_id)?;
    if category.parent == command.parent {
        return Ok(());
    }
    if let Some(parent) = command.parent
        && tree.path(parent).contains(&command.category_id)
    {
        let message = format!(
            "\"{}\" cannot be moved into itself or one of its descendants. Choose another parent.",
            category.name
        );
        return Err(Refusal::rule("CATEGORY_CYCLE", message).at("parent"));
    }
    tree.room_in(command.parent, tree.height(command.category_id))?;
    let (old_parent, new_parent) = (category.parent, command.parent);
    tree.append(CategoryMoved { category_id: command.category_id, old_parent, new_parent });
    Ok(())
}
