//! The grocer's catalogue in the shop's format. The data has codes but no names, so titles are composed from the codes.

use std::collections::{BTreeMap, BTreeSet};

use command_api::inputs::{ProductInput, VariantInput};
use schemas::product::TaxClass;

use crate::year::{Article, Product};

/// Longest part of a slug that is made from words, in characters; a slug has at most 96.
const SLUG: usize = 80;

/// The SKU of a product.
pub(crate) fn sku(article: Article) -> String {
    format!("CJ-{article}")
}

/// The product with this SKU.
pub(crate) fn article(sku: &str) -> Option<Article> {
    sku.strip_prefix("CJ-")?.parse().ok()
}

/// A node of the tree: a department, or one of its categories. Category names repeat across departments.
pub(crate) type Place = (String, Option<String>);

/// A category to be created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Category {
    pub place: Place,
    /// The displayed name.
    pub name: String,
    pub slug: String,
}

/// All categories; departments come before their categories.
pub(crate) fn categories(products: &[Product]) -> Vec<Category> {
    let places: BTreeSet<Place> = products
        .iter()
        .flat_map(|product| {
            [(product.department.clone(), None), (product.department.clone(), product.category.clone())]
        })
        .collect();
    let mut taken: BTreeMap<String, u32> = BTreeMap::new();
    let mut category = |place: Place| {
        let (department, within) = &place;
        let words =
            within.as_ref().map_or_else(|| slug(department), |name| slug(&format!("{department} {name}")));
        let times = taken.entry(words.clone()).or_default();
        *times += 1;
        // Names that differ only in characters that a slug cannot contain.
        let slug = if *times == 1 { words } else { format!("{words}-{times}") };
        let name = readable(within.as_ref().unwrap_or(department));
        Category { name, slug, place }
    };
    places.into_iter().map(&mut category).collect()
}

/// The category of a product.
pub(crate) fn place(product: &Product) -> Place {
    (product.department.clone(), product.category.clone())
}

/// The command that creates a product. `category`: id of its category.
pub(crate) fn product(product: &Product, category: Option<String>) -> ProductInput {
    let title = title(product);
    let of = |name: &str, value: Option<&str>| value.map(|value| (name.to_owned(), value.to_owned()));
    let attributes = [
        of("department", Some(&readable(&product.department))),
        of("category", product.category.as_deref().map(readable).as_deref()),
        of("type", product.kind.as_deref().map(readable).as_deref()),
        of("size", product.size.as_deref().map(str::to_lowercase).as_deref()),
        of("label", Some(&product.brand)),
    ];
    ProductInput {
        slug: format!("{}-{}", slug(&title), product.article),
        title,
        description: String::new(),
        brand: Some(brand(product)),
        category_ids: category.into_iter().collect(),
        attributes: attributes.into_iter().flatten().collect(),
        // The amounts at the till exclude sales tax.
        tax_class: TaxClass::Zero,
    }
}

/// The only variant of a product.
pub(crate) fn variant(product: &Product) -> VariantInput {
    VariantInput {
        sku: sku(product.article),
        options: BTreeMap::new(),
        barcode: None,
        weight_grams: None,
        track_stock: true,
        max_per_order: None,
    }
}

fn brand(product: &Product) -> String {
    if product.brand == "Private" { "House brand".to_owned() } else { format!("Maker {}", product.maker) }
}

/// Type (or category, or department), brand and size.
fn title(product: &Product) -> String {
    let what = product.kind.as_ref().or(product.category.as_ref()).unwrap_or(&product.department);
    let size = product.size.as_ref().map(|size| format!(", {}", size.to_lowercase())).unwrap_or_default();
    format!("{}, {}{size}", readable(what), brand(product)).chars().take(200).collect()
}

/// `SOFT DRINKS` → `Soft drinks`
fn readable(shouted: &str) -> String {
    let lower = shouted.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Letters and digits, in words joined by dashes.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let joined = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
    let cut: String = joined.chars().take(SLUG).collect();
    let cut = cut.trim_end_matches('-');
    if cut.is_empty() { "other".to_owned() } else { cut.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::year::tests::product as of;

    #[test]
    fn titles_are_composed_from_what_the_data_has() {
        let mut cola = of(12);
        assert_eq!(title(&cola), "Sft drnk 2 liter btl carb incl, House brand, 2 ltr");
        cola.brand = "National".to_owned();
        (cola.kind, cola.size) = (None, None);
        assert_eq!(title(&cola), "Soft drinks, Maker 69");
        cola.category = None;
        let input = product(&cola, Some("c".to_owned()));
        assert_eq!((input.title.as_str(), input.slug.as_str()), ("Grocery, Maker 69", "grocery-maker-69-12"));
        assert_eq!(article(&sku(12)), Some(12));
    }

    #[test]
    fn categories_are_told_apart_by_their_department_and_have_addresses_of_their_own() {
        let mut products = [of(1), of(2), of(3)];
        products[1].department = "DRUG GM".to_owned();
        products[2].category = Some("SOFT/DRINKS".to_owned());
        let slugs: Vec<_> = categories(&products).into_iter().map(|category| category.slug).collect();
        assert_eq!(
            slugs,
            ["drug-gm", "drug-gm-soft-drinks", "grocery", "grocery-soft-drinks", "grocery-soft-drinks-2"]
        );
    }
}
