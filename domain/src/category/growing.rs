//! Creating, renaming and deleting categories.

use schemas::category::{CategoryCreated, CategoryDeleted, CategoryRenamed};
use schemas::{CategoryId, Slug};
use serde_json::json;

use super::{Categories, Category, MOST, NAME};
use crate::faults::Faults;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Adds a category to the tree. Answers `{categoryId, slug}`.
#[derive(Clone, Debug)]
pub struct CreateCategory {
    /// Chosen by the caller, so that a repetition finds the same category.
    pub category_id: CategoryId,
    /// Unique in the tree.
    pub slug: Slug,
    /// 1 to 100 characters.
    pub name: String,
    /// Parent category; `None` for a top-level category.
    pub parent: Option<CategoryId>,
}

one_stream!(CreateCategory, Categories, |_it| schemas::category::stream(), create);

fn create(tree: &mut Draft<'_, Categories>, command: &CreateCategory) -> Result<(), Refusal> {
    tree.answer(json!({ "categoryId": command.category_id, "slug": command.slug }));
    let wanted = Category { slug: command.slug.clone(), name: command.name.clone(), parent: command.parent };
    match tree.get(command.category_id) {
        Some(category) if *category == wanted => return Ok(()),
        Some(_) => {
            let message =
                "A different category with this id already exists. Change that category, or use another id.";
            return Err(Refusal::rule("CATEGORY_EXISTS", message).at("categoryId"));
        }
        None => {}
    }
    let mut faults = Faults::default();
    faults.line("name", &command.name, NAME);
    faults.at_most("categories", tree.nodes.len() + 1, MOST);
    if tree.nodes.values().any(|category| category.slug == command.slug) {
        let message = format!(
            "The slug \"{}\" is already used by another category. Choose another slug.",
            command.slug
        );
        faults.add("SLUG_TAKEN", "slug", message);
    }
    if let Err(refusal) = tree.room_in(command.parent, 1) {
        faults.add(&refusal.code, "parent", refusal.message);
    }
    faults.refuse()?;
    let Category { slug, name, parent } = wanted;
    tree.append(CategoryCreated { category_id: command.category_id, slug, name, parent });
    Ok(())
}

/// Renames a category. Its slug does not change.
#[derive(Clone, Debug)]
pub struct RenameCategory {
    pub category_id: CategoryId,
    /// 1 to 100 characters.
    pub name: String,
}

one_stream!(RenameCategory, Categories, |_it| schemas::category::stream(), rename);

fn rename(tree: &mut Draft<'_, Categories>, command: &RenameCategory) -> Result<(), Refusal> {
    let category = tree.existing(command.category_id)?;
    let mut faults = Faults::default();
    faults.line("name", &command.name, NAME);
    faults.refuse()?;
    if category.name == command.name {
        return Ok(());
    }
    let (old, new) = (category.name.clone(), command.name.clone());
    tree.append(CategoryRenamed { category_id: command.category_id, old, new });
    Ok(())
}

/// Deletes a category without children. Its products keep its id, and readers ignore it. No effect if the category
/// does not exist.
#[derive(Clone, Debug)]
pub struct DeleteCategory {
    pub category_id: CategoryId,
}

one_stream!(DeleteCategory, Categories, |_it| schemas::category::stream(), delete);

fn delete(tree: &mut Draft<'_, Categories>, command: &DeleteCategory) -> Result<(), Refusal> {
    let Some(category) = tree.get(command.category_id) else { return Ok(()) };
    let children = tree.nodes.values().filter(|other| other.parent == Some(command.category_id)).count();
    if children > 0 {
        let message =
            format!("\"{}\" still has subcategories ({children}). Move or delete them first.", category.name);
        return Err(Refusal::rule("CATEGORY_NOT_EMPTY", message).at("categoryId"));
    }
    tree.append(CategoryDeleted { category_id: command.category_id, name: category.name.clone() });
    Ok(())
}
