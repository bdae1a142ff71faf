//! The made-up grocer's catalogue, the same in every run.

use platform::text::collation_key;
use search::{Category, Entry};

/// A product, and what is known of it.
pub struct Product {
    pub entry: Entry,
    /// Its kind, as in `types.txt`.
    pub kind: String,
    /// Of its title: `en` or `de`.
    pub language: String,
}

/// A row of `types.txt`.
pub struct Kind {
    pub id: String,
    pub category: String,
    /// Singular and plural.
    pub english: (String, String),
    /// Singular and plural.
    pub german: (String, String),
    /// English and German.
    pub varieties: Vec<(String, String)>,
}

/// Sentences that name other products, as descriptions do.
const DESCRIPTIONS: [&str; 8] = [
    "A favourite with tea and biscuits on a slow afternoon.",
    "Passt gut zu Kaffee, Brot und Käse.",
    "Goes well with honey, butter or jam.",
    "Für die ganze Familie; auch als Geschenk zu Wein oder Schokolade.",
    "Made by hand in small batches. Store in a cool, dry place.",
    "Aus der Region. Kühl und trocken lagern.",
    "Ideal for pasta, rice and salad.",
    "Schmeckt zu Nudeln, Reis und Fisch.",
];
const ORIGINS: [&str; 5] = ["Germany", "France", "Italy", "Denmark", "Ireland"];

/// The rows of a table: columns between bars, comments after `#`.
fn rows(text: &str) -> impl Iterator<Item = Vec<String>> + '_ {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    lines.map(|line| line.split('|').map(|column| column.trim().to_owned()).collect())
}

/// The kinds of `types.txt`.
pub fn kinds() -> Vec<Kind> {
    let kind = |row: Vec<String>| Kind {
        id: row[0].clone(),
        category: row[1].clone(),
        english: (row[2].clone(), row[3].clone()),
        german: (row[4].clone(), row[5].clone()),
        varieties: row[6]
            .split(';')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(english, german)| (english.trim().to_owned(), german.trim().to_owned()))
            .collect(),
    };
    rows(include_str!("types.txt")).map(kind).collect()
}

/// All products: each brand sells each kind of its categories, in each variety.
pub fn products() -> Vec<Product> {
    let kinds = kinds();
    let mut products = Vec::new();
    for brand in rows(include_str!("brands.txt")) {
        let categories: Vec<&str> = brand[2].split(',').map(str::trim).collect();
        for kind in kinds.iter().filter(|kind| categories.contains(&kind.category.as_str())) {
            for variety in &kind.varieties {
                products.push(product(products.len(), &brand[0], &brand[1], kind, variety));
            }
        }
    }
    products
}

fn product(number: usize, language: &str, brand: &str, kind: &Kind, variety: &(String, String)) -> Product {
    let title = match language {
        "en" => format!("{brand} {} {}", variety.0, capitals(&kind.english.0)),
        _ => format!("{brand} {} {}", kind.german.0, variety.1),
    };
    let letters: String = kind.id.chars().filter(|c| *c != '-').take(3).collect::<String>().to_uppercase();
    let sku = format!("{letters}-{:04}", 1_000 + number * 7);
    let category = |name: &str| Category { id: name.to_lowercase(), name: name.to_owned() };
    let entry = Entry {
        id: format!("product-{number:05}"),
        version: 1,
        revision: 0,
        status: "PUBLISHED".to_owned(),
        sort_title: collation_key(&title),
        title,
        description: DESCRIPTIONS[number % DESCRIPTIONS.len()].to_owned(),
        brand: Some(brand.to_owned()),
        categories: vec![category(&kind.category), category("All products")],
        attributes: vec![
            ("origin".to_owned(), ORIGINS[number % ORIGINS.len()].to_owned()),
            ("size".to_owned(), format!("{} g", 100 + number % 9 * 50)),
        ],
        codes: vec![format!("{sku}-S"), format!("{sku}-L"), format!("40{:011}", 7_777_777 * (number + 1))],
        price: i64::try_from(99 + number % 50 * 100).ok(),
        available: !number.is_multiple_of(17),
        in_stock: true,
        created_at: 0,
        updated_at: 0,
    };
    Product { entry, kind: kind.id.clone(), language: language.to_owned() }
}

fn capitals(noun: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
    };
    noun.split(' ').map(word).collect::<Vec<String>>().join(" ")
}
