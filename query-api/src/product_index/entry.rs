//! Products as search sees them.

use std::collections::BTreeSet;

use read_models::Document;
use read_models::documents::categories::CategoryTree;
use read_models::documents::products::Product;
use search::{Category, Entry};

use super::stock::InStock;

/// More levels than a tree of categories has; ends the walk through a tree with a circle.
const DEEPEST: usize = 64;

/// The entry of a product, with the categories of this tree and with this stock. `None` for a tombstone.
pub(super) fn entry(document: Document<Product>, tree: &CategoryTree, in_stock: &InStock) -> Option<Entry> {
    let Document { id, version, value, .. } = document;
    let product = value?;
    let in_stock = in_stock.has(&product);
    let on_sale = || product.variants.iter().filter(|variant| !variant.discontinued);
    let options = on_sale().flat_map(|variant| variant.options.iter());
    let attributes = product.attributes.iter().chain(options);
    let attributes = attributes.map(|(name, value)| (name.clone(), value.clone())).collect();
    let codes =
        product.variants.iter().flat_map(|variant| std::iter::once(&variant.sku).chain(&variant.barcode));
    Some(Entry {
        id,
        version,
        revision: 0,
        categories: categories(&product.category_ids, tree),
        attributes,
        codes: codes.cloned().collect(),
        price: product.min_price.as_ref().map(|price| price.minor),
        available: product.available_for_sale,
        in_stock,
        created_at: millis(&product.created_at),
        updated_at: millis(&product.updated_at),
        status: product.status,
        title: product.title,
        sort_title: product.sort_title,
        description: product.description,
        brand: product.brand,
    })
}

/// The categories and their ancestors, each once. Of one that the tree does not have yet, only the id is known.
fn categories(ids: &[String], tree: &CategoryTree) -> Vec<Category> {
    let mut all = BTreeSet::new();
    for id in ids {
        let parent = |id: &&String| tree.categories.get(*id)?.parent.as_ref();
        for id in std::iter::successors(Some(id), parent).take(DEEPEST) {
            all.insert(id);
        }
    }
    let name =
        |id: &String| tree.categories.get(id).map(|category| category.name.clone()).unwrap_or_default();
    all.into_iter().map(|id| Category { id: id.clone(), name: name(id) }).collect()
}

/// The instant in milliseconds since 1970; documents hold only valid ones.
fn millis(instant: &str) -> i64 {
    instant.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_millisecond)
}

/// Ids of the categories that differ between two trees, and of their descendants in either.
pub(super) fn changed_categories(old: &CategoryTree, new: &CategoryTree) -> Vec<String> {
    let ids: BTreeSet<&String> = old.categories.keys().chain(new.categories.keys()).collect();
    let differs = |id: &&String| {
        let seen = |tree: &CategoryTree| {
            tree.categories.get(*id).map(|category| (category.name.clone(), category.parent.clone()))
        };
        seen(old) != seen(new)
    };
    let mut all = BTreeSet::new();
    for id in ids.into_iter().filter(differs) {
        all.insert(id.clone());
        for tree in [old, new] {
            all.extend(tree.with_descendants(id).into_iter().map(str::to_owned));
        }
    }
    all.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use read_models::documents::categories;

    use super::*;

    fn tree(categories: &[(&str, &str, Option<&str>)]) -> CategoryTree {
        let category = |(id, name, parent): &(&str, &str, Option<&str>)| {
            let (slug, name) = ((*id).to_owned(), (*name).to_owned());
            ((*id).to_owned(), categories::Category { slug, name, parent: parent.map(str::to_owned) })
        };
        let categories: BTreeMap<_, _> = categories.iter().map(category).collect();
        CategoryTree { categories, updated_at: String::new() }
    }

    #[test]
    fn a_product_is_in_its_categories_and_in_their_ancestors_even_in_a_circle() {
        let tree =
            tree(&[("a", "A", None), ("b", "B", Some("a")), ("x", "X", Some("y")), ("y", "Y", Some("x"))]);
        let ids = |of: &[&str]| -> Vec<String> {
            let of: Vec<String> = of.iter().map(|id| (*id).to_owned()).collect();
            categories(&of, &tree).into_iter().map(|category| category.id).collect()
        };
        assert_eq!(ids(&["b"]), ["a", "b"]);
        assert_eq!(ids(&["b", "a", "gone"]), ["a", "b", "gone"]);
        assert_eq!(ids(&["x"]), ["x", "y"]);
        assert!(ids(&[]).is_empty());
    }

    #[test]
    fn a_changed_category_changes_its_descendants() {
        let old = tree(&[("a", "A", None), ("b", "B", Some("a")), ("c", "C", None)]);
        let new = tree(&[("a", "Renamed", None), ("b", "B", Some("a")), ("c", "C", None), ("d", "D", None)]);
        assert_eq!(changed_categories(&old, &new), ["a", "b", "d"]);
        assert!(changed_categories(&old, &old).is_empty());
    }
}
