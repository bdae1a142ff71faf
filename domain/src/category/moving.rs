//! Categories move with all that is in them.

use schemas::CategoryId;
use schemas::category::CategoryMoved;

use super::Categories;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Makes a category part of another one, with everything in it.
#[derive(Clone, Debug)]
pub struct MoveCategory {
    /// The category.
    pub category_id: CategoryId,
    /// What it is to be part of; none for the top. Not itself, nor anything in it.
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
            "\"{}\" cannot be part of itself or of what is in it: choose another parent.",
            category.name
        );
        return Err(Refusal::rule("CATEGORY_CYCLE", message).at("parent"));
    }
    tree.room_in(command.parent, tree.height(command.category_id))?;
    let (old_parent, new_parent) = (category.parent, command.parent);
    tree.append(CategoryMoved { category_id: command.category_id, old_parent, new_parent });
    Ok(())
}
