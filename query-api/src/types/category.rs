//! Categories.

use query_api_macros::object;
use std::sync::Arc;

use async_graphql::ID;
use read_models::documents::categories::{self, CategoryTree};

use crate::id::global;
use crate::reader::Doc;

#[derive(Clone)]
pub(crate) struct Category {
    tree: Arc<Doc<CategoryTree>>,
    id: String,
    category: categories::Category,
}

impl Category {
    /// The category with this id, if there is one.
    pub(crate) fn find(tree: &Arc<Doc<CategoryTree>>, id: &str) -> Option<Self> {
        let category = tree.value.categories.get(id)?.clone();
        Some(Self { tree: tree.clone(), id: id.to_owned(), category })
    }

    /// The categories below `parent`, down to `levels` levels, each followed by its descendants.
    pub(crate) fn below(tree: &Arc<Doc<CategoryTree>>, parent: Option<&str>, levels: usize) -> Vec<Self> {
        let mut all = Vec::new();
        if levels > 0 {
            for id in tree.value.children(parent) {
                all.extend(Self::find(tree, id));
                all.extend(Self::below(tree, Some(id), levels - 1));
            }
        }
        all
    }
}

/// A category of the catalog's tree.
#[object]
impl Category {
    /// Global id of the category.
    pub(crate) fn id(&self) -> ID {
        global("Category", &self.id)
    }

    /// URL name of the category, such as `green-tea`; unique among categories.
    fn slug(&self) -> &str {
        &self.category.slug
    }

    /// Display name of the category.
    fn name(&self) -> &str {
        &self.category.name
    }

    /// The category that this one belongs to. Null for a top-level category.
    fn parent(&self) -> Option<Category> {
        Self::find(&self.tree, self.category.parent.as_deref()?)
    }

    /// Direct subcategories, by name. Empty for a leaf.
    fn children(&self) -> Vec<Category> {
        Self::below(&self.tree, Some(&self.id), 1)
    }

    /// Version of the category tree's stream, which all categories share.
    fn version(&self) -> u64 {
        self.tree.version
    }
}
