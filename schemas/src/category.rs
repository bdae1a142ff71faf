//! Events of the category tree, which is one stream. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{event_body, event_set};
use crate::{CategoryId, Slug, StreamId};

/// The stream of the category tree; there is only one.
pub fn stream() -> StreamId {
    StreamId::from_text("categories")
}

event_set! {
    /// All events of the category tree.
    CategoryEvent of "category" { CategoryCreated, CategoryRenamed, CategoryMoved, CategoryDeleted }
}

/// A category was added to the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryCreated {
    pub category_id: CategoryId,
    /// Readable part of the category page's URL; unique in the tree.
    pub slug: Slug,
    /// Name of the category; 1 to 100 characters.
    pub name: String,
    /// Parent category; absent for a top-level category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CategoryId>,
}
event_body!(CategoryCreated, |e| format!("Category \"{}\" created", e.name));

/// A category was renamed. Its slug did not change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryRenamed {
    pub category_id: CategoryId,
    /// Name before the change.
    pub old: String,
    /// Name after the change.
    pub new: String,
}
event_body!(CategoryRenamed, |e| format!("Category \"{}\" is now \"{}\"", e.old, e.new));

/// A category was moved to another parent, with everything below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryMoved {
    pub category_id: CategoryId,
    /// Parent before the move; absent if it was a top-level category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_parent: Option<CategoryId>,
    /// Parent after the move; absent if it is now a top-level category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_parent: Option<CategoryId>,
}
event_body!(CategoryMoved, |_e| "Category moved in the tree".to_owned());

/// A category without children was deleted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryDeleted {
    pub category_id: CategoryId,
    /// Name of the deleted category.
    pub name: String,
}
event_body!(CategoryDeleted, |e| format!("Category \"{}\" deleted", e.name));
