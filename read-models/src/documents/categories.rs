//! The category tree, in one document. Id: `categories`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::port::{Collection, Streams};

/// No indexes: there is one document.
pub static CATEGORIES: Collection = Collection {
    name: "categories",
    shape: 1,
    streams: Streams::Entity("categories"),
    hot: false,
    indexes: &[],
};

/// The id of the only document.
pub const TREE: &str = "categories";

/// All categories. **Stored format.**
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryTree {
    /// By category id.
    pub categories: BTreeMap<String, Category>,
    pub updated_at: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    /// Unique in the tree.
    pub slug: String,
    pub name: String,
    /// `None` at the top.
    pub parent: Option<String>,
}

impl CategoryTree {
    /// Ids of the children of `parent` (`None`: of the top level), by name, then id.
    pub fn children(&self, parent: Option<&str>) -> Vec<&str> {
        let below = self.categories.iter().filter(|(_, category)| category.parent.as_deref() == parent);
        let mut below: Vec<_> = below.map(|(id, category)| (category.name.as_str(), id.as_str())).collect();
        below.sort_unstable();
        below.into_iter().map(|(_, id)| id).collect()
    }

    /// `id` and the ids of all its descendants; empty if there is no such category.
    pub fn with_descendants<'a>(&'a self, id: &'a str) -> Vec<&'a str> {
        let mut found = Vec::new();
        if self.categories.contains_key(id) {
            found.push(id);
        }
        for next in 0.. {
            let Some(parent) = found.get(next).copied() else { break };
            found.extend(self.children(Some(parent)).into_iter().filter(|child| *child != id));
        }
        found
    }

    /// The category with this slug.
    pub fn by_slug(&self, slug: &str) -> Option<(&str, &Category)> {
        let found = self.categories.iter().find(|(_, category)| category.slug == slug);
        found.map(|(id, category)| (id.as_str(), category))
    }
}
