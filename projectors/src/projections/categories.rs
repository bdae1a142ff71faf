//! The category tree.

use read_models::documents::categories::{self, Category, CategoryTree};
use schemas::category::CategoryEvent;
use schemas::{Recorded, Topic};

use crate::projection::{Entity, Projection};
use crate::published::time;

/// Entity of the one stream of the tree.
pub static CATEGORIES: Projection =
    Projection::entity(&categories::CATEGORIES, &[Topic::CATEGORY], &Entity(evolve));

/// The tree after the event.
pub fn evolve(tree: Option<CategoryTree>, event: &Recorded<CategoryEvent>) -> Option<CategoryTree> {
    let mut tree = tree.unwrap_or_default();
    match &event.event {
        CategoryEvent::CategoryCreated(e) => {
            let category = Category {
                slug: e.slug.to_string(),
                name: e.name.clone(),
                parent: e.parent.map(|parent| parent.to_string()),
            };
            tree.categories.insert(e.category_id.to_string(), category);
        }
        CategoryEvent::CategoryRenamed(e) => {
            if let Some(category) = tree.categories.get_mut(&e.category_id.to_string()) {
                category.name.clone_from(&e.new);
            }
        }
        CategoryEvent::CategoryMoved(e) => {
            if let Some(category) = tree.categories.get_mut(&e.category_id.to_string()) {
                category.parent = e.new_parent.map(|parent| parent.to_string());
            }
        }
        CategoryEvent::CategoryDeleted(e) => {
            tree.categories.remove(&e.category_id.to_string());
        }
    }
    tree.updated_at = time(event.envelope.time);
    Some(tree)
}
