//! The tree of categories: one stream, so that two moves cannot create a cycle together. Invariants: every parent
//! exists, no category is its own ancestor, no branch is deeper than [`DEEPEST`], and slugs are unique.

use std::collections::BTreeMap;

use schemas::category::CategoryEvent;
use schemas::{CategoryId, Slug};

use crate::{Aggregate, Refusal};

mod growing;
mod moving;

pub use growing::{CreateCategory, DeleteCategory, RenameCategory};
pub use moving::MoveCategory;

/// Maximum number of levels of the tree.
pub const DEEPEST: usize = 8;
/// Maximum length of a category's name, in characters.
pub const NAME: usize = 100;
/// Maximum number of categories; the tree is always read as a whole.
pub const MOST: usize = 5_000;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Categories {
    nodes: BTreeMap<CategoryId, Category>,
}

/// A category in the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Category {
    pub slug: Slug,
    pub name: String,
    /// Parent category; `None` for a top-level category.
    pub parent: Option<CategoryId>,
}

impl Aggregate for Categories {
    type Event = CategoryEvent;

    fn evolve(mut self, event: &CategoryEvent) -> Self {
        match event {
            CategoryEvent::CategoryCreated(e) => {
                let category = Category { slug: e.slug.clone(), name: e.name.clone(), parent: e.parent };
                self.nodes.insert(e.category_id, category);
            }
            CategoryEvent::CategoryRenamed(e) => {
                if let Some(category) = self.nodes.get_mut(&e.category_id) {
                    category.name.clone_from(&e.new);
                }
            }
            CategoryEvent::CategoryMoved(e) => {
                if let Some(category) = self.nodes.get_mut(&e.category_id) {
                    category.parent = e.new_parent;
                }
            }
            CategoryEvent::CategoryDeleted(e) => {
                self.nodes.remove(&e.category_id);
            }
        }
        self
    }
}

impl Categories {
    /// Whether the category exists.
    pub fn contains(&self, id: CategoryId) -> bool {
        self.nodes.contains_key(&id)
    }

    pub fn get(&self, id: CategoryId) -> Option<&Category> {
        self.nodes.get(&id)
    }

    pub fn iter(&self) -> impl Iterator<Item = (CategoryId, &Category)> {
        self.nodes.iter().map(|(id, category)| (*id, category))
    }

    /// The category and its ancestors, from itself to the top; empty for an unknown category.
    pub fn path(&self, id: CategoryId) -> Vec<CategoryId> {
        let mut path = Vec::new();
        let mut next = Some(id);
        while let Some(id) = next
            && let Some(category) = self.nodes.get(&id)
            && path.len() < self.nodes.len()
        {
            path.push(id);
            next = category.parent;
        }
        path
    }

    /// Number of levels of the branch that starts at `id`.
    fn height(&self, id: CategoryId) -> usize {
        let from_here =
            |below| self.path(below).iter().position(|on_path| *on_path == id).map_or(0, |steps| steps + 1);
        self.nodes.keys().map(|below| from_here(*below)).max().unwrap_or(0)
    }

    fn existing(&self, id: CategoryId) -> Result<&Category, Refusal> {
        self.get(id).ok_or_else(|| Refusal::not_found("category").at("categoryId"))
    }

    /// Refuses if a branch of `height` levels does not fit below `parent`.
    fn room_in(&self, parent: Option<CategoryId>, height: usize) -> Result<(), Refusal> {
        let Some(parent) = parent else { return Ok(()) };
        let path = self.path(parent);
        if path.is_empty() {
            let message = format!("There is no category {parent}. Create it first, or leave parent out.");
            return Err(Refusal::rule("UNKNOWN_PARENT", message).at("parent"));
        }
        let depth = path.len() + height;
        if depth > DEEPEST {
            let message = format!(
                "The category tree would become {depth} levels deep; at most {DEEPEST} are allowed. Choose a parent closer to the top."
            );
            return Err(Refusal::rule("TOO_DEEP", message).at("parent"));
        }
        Ok(())
    }
}
