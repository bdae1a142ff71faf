//! Categories move with all that is in them.

use schemas::category::{CategoryEvent, CategoryMoved};
use schemas::{CategoryId, StreamId};

use super::Categories;
use crate::Refusal;
use crate::one_stream::one_stream;

/// Makes a category part of another one, with everything in it.
#[derive(Clone, Debug)]
pub struct MoveCategory {
    /// The category.
    pub category_id: CategoryId,
    /// What it is to be part of; none for the top. Not itself, nor anything in it.
    pub parent: Option<CategoryId>,
}

one_stream!(MoveCategory, Categories, |_it| StreamId::categories(), relocate);

fn relocate(tree: &Categories, command: &MoveCategory) -> Result<Vec<CategoryEvent>, Refusal> {
    let category = tree.existing(command.category_id)?;
    if category.parent == command.parent {
        return Ok(Vec::new());
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
    Ok(vec![CategoryMoved { category_id: command.category_id, old_parent, new_parent }.into()])
}
