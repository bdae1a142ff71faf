//! Events of the category tree, which is one stream. **Stored format.**

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::{event_body, event_set};
use crate::{CategoryId, Slug, StreamId};

/// The one stream of the category tree.
pub fn stream() -> StreamId {
    StreamId::from_text("categories")
}

event_set! {
    /// What happens to the category tree.
    CategoryEvent of "category" { CategoryCreated, CategoryRenamed, CategoryMoved, CategoryDeleted }
}

/// A category was added to the tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryCreated {
    /// The category.
    pub category_id: CategoryId,
    /// Its page's address; unique in the tree.
    pub slug: Slug,
    /// What it is called.
    pub name: String,
    /// What it is part of; none at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<CategoryId>,
}
event_body!(CategoryCreated, |e| format!("Category \"{}\" created", e.name));

/// A category has another name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryRenamed {
    /// The category.
    pub category_id: CategoryId,
    /// Before.
    pub old: String,
    /// After.
    pub new: String,
}
event_body!(CategoryRenamed, |e| format!("Category \"{}\" is now \"{}\"", e.old, e.new));

/// A category is part of another one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryMoved {
    /// The category.
    pub category_id: CategoryId,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_parent: Option<CategoryId>,
    /// After.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_parent: Option<CategoryId>,
}
event_body!(CategoryMoved, |_e| "Category moved in the tree".to_owned());

/// A category without children is gone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryDeleted {
    /// The category.
    pub category_id: CategoryId,
    /// What it was called.
    pub name: String,
}
event_body!(CategoryDeleted, |e| format!("Category \"{}\" deleted", e.name));
