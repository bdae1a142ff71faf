//! Categories.

use std::sync::Arc;

use async_graphql::{ID, Object};
use read_models::documents::categories::{self, CategoryTree};

use crate::id::global;
use crate::reader::Doc;

/// A category of the tree.
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

    /// The categories below `parent` down to so many levels, each followed by what is below it.
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

/// A category of the tree.
#[Object]
impl Category {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("Category", &self.id)
    }

    /// Its page's address; unique in the tree.
    async fn slug(&self) -> &str {
        &self.category.slug
    }

    /// What it is called.
    async fn name(&self) -> &str {
        &self.category.name
    }

    /// What it is part of; none at the top.
    async fn parent(&self) -> Option<Category> {
        Self::find(&self.tree, self.category.parent.as_deref()?)
    }

    /// What is right below it, by name.
    async fn children(&self) -> Vec<Category> {
        Self::below(&self.tree, Some(&self.id), 1)
    }

    /// The version of the tree.
    async fn version(&self) -> u64 {
        self.tree.version
    }
}
