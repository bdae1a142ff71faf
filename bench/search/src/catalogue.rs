//! A generated catalogue of a department store, and searches for its products; the same in every run.

use platform::text::collation_key;
use search::{Category, Entry};

/// Kinds of products with their varieties, from the quality test of `search`.
const TYPES: &str = include_str!("../../../search/tests/quality/types.txt");
const BEGINNINGS: [&str; 24] = [
    "Al", "Bran", "Cor", "Dun", "El", "Fal", "Gris", "Hol", "Ing", "Jor", "Kel", "Lun", "Mar", "Nor", "Ost",
    "Pel", "Quin", "Ros", "Sten", "Tor", "Ul", "Ver", "Wil", "Zan",
];
const MIDDLES: [&str; 12] = ["a", "de", "e", "en", "er", "i", "ka", "le", "o", "ra", "ti", "u"];
const ENDS: [&str; 16] = [
    "berg", "bury", "dal", "feld", "field", "ford", "gate", "ham", "hof", "lund", "mark", "moor", "son",
    "thal", "ton", "wick",
];
const ADJECTIVES: [&str; 24] = [
    "Classic", "Premium", "Organic", "Everyday", "Handmade", "Family", "Travel", "Compact", "Large", "Light",
    "Original", "Royal", "Country", "Modern", "Rustic", "Nordic", "Golden", "Silver", "Winter", "Summer",
    "Garden", "City", "Island", "Mountain",
];
const COLOURS: [&str; 12] = [
    "red", "blue", "green", "white", "black", "grey", "yellow", "orange", "pink", "brown", "beige", "purple",
];
const ORIGINS: [&str; 10] =
    ["Germany", "France", "Italy", "Denmark", "Ireland", "Portugal", "Japan", "India", "Kenya", "Brazil"];
const WORDS: [&str; 32] = [
    "made",
    "from",
    "fine",
    "selected",
    "materials",
    "for",
    "every",
    "kitchen",
    "with",
    "care",
    "long",
    "lasting",
    "easy",
    "to",
    "clean",
    "ideal",
    "gift",
    "friends",
    "family",
    "perfect",
    "morning",
    "evening",
    "table",
    "traditional",
    "recipe",
    "small",
    "batches",
    "store",
    "cool",
    "dry",
    "place",
    "enjoy",
];

/// Numbers that look random (splitmix64).
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % end as u64) as usize
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }

    /// Small numbers are more frequent, as brands and words are.
    fn skewed(&mut self, end: usize) -> usize {
        let share = self.below(1_000_000) as f64 / 1_000_000.0;
        ((share * share * share) * end as f64) as usize
    }
}

/// A product and its search.
pub struct Product {
    pub entry: Entry,
    /// What its kind is called.
    pub noun: String,
    pub variety: String,
}

/// A search for products of a brand and a kind.
pub struct Searched {
    pub right: String,
    /// The same with a typing error.
    pub misspelt: String,
    pub brand: String,
    pub noun: String,
}

pub fn products(count: usize) -> Vec<Product> {
    let mut draw = Draw(11);
    let types: Vec<Vec<&str>> = TYPES
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| line.split('|').collect())
        .collect();
    let brands: Vec<String> = (0..3_000)
        .map(|_| format!("{}{}{}", draw.of(&BEGINNINGS), draw.of(&MIDDLES), draw.of(&ENDS)))
        .collect();
    (0..count).map(|number| product(number, &mut draw, &types, &brands)).collect()
}

fn product(number: usize, draw: &mut Draw, types: &[Vec<&str>], brands: &[String]) -> Product {
    let kind = &types[draw.below(types.len())];
    let german = draw.below(3) == 0;
    let noun = if german { kind[4] } else { kind[2] };
    let varieties: Vec<&str> = kind[6].split(';').collect();
    let (english, other) = draw.of(&varieties).split_once('=').unwrap_or_default();
    let variety = if german { other.trim() } else { english.trim() };
    let brand = &brands[draw.skewed(brands.len())];
    let title = format!("{brand} {} {variety} {noun}", draw.of(&ADJECTIVES));
    let description: Vec<&str> = (0..20).map(|_| draw.of(&WORDS)).collect();
    let category = |name: &str| Category { id: name.to_lowercase(), name: name.to_owned() };
    let attribute = |name: &str, value: String| (name.to_owned(), value);
    let entry = Entry {
        id: format!("product-{number:06}"),
        version: 1,
        revision: 0,
        status: "PUBLISHED".to_owned(),
        sort_title: collation_key(&title),
        title,
        description: description.join(" "),
        brand: Some(brand.clone()),
        categories: vec![category(kind[1]), category("All products"), category(noun)],
        attributes: vec![
            attribute("colour", draw.of(&COLOURS).to_owned()),
            attribute("origin", draw.of(&ORIGINS).to_owned()),
            attribute("size", format!("{} g", 50 * (1 + draw.below(20)))),
            attribute("organic", (draw.below(4) == 0).to_string()),
        ],
        codes: vec![
            format!("{}-{number:06}", kind[0][..3].to_uppercase()),
            format!("40{:011}", number * 7_919),
        ],
        price: Some((99 + 100 * draw.skewed(400)) as i64),
        available: draw.below(10) > 0,
        in_stock: true,
        created_at: number as i64,
        updated_at: number as i64,
    };
    Product { entry, noun: noun.to_owned(), variety: variety.to_owned() }
}

/// Searches by kind, by variety and kind, and by brand and kind, a third each.
pub fn searches(products: &[Product], count: usize) -> Vec<Searched> {
    let mut draw = Draw(12);
    (0..count)
        .map(|number| {
            let product = &products[draw.below(products.len())];
            let brand = product.entry.brand.clone().unwrap_or_default();
            let (right, brand) = match number % 3 {
                0 => (product.noun.clone(), String::new()),
                1 => (format!("{} {}", product.variety, product.noun), String::new()),
                _ => (format!("{brand} {}", product.noun), brand),
            };
            let misspelt = misspelt(&right, &mut draw);
            Searched { right, misspelt, brand, noun: product.noun.clone() }
        })
        .collect()
}

/// Swaps, drops or doubles a letter of the longest word.
fn misspelt(text: &str, draw: &mut Draw) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let Some(word) = words.iter_mut().max_by_key(|word| word.chars().count()) else { return text.to_owned() };
    let mut letters: Vec<char> = word.chars().collect();
    if letters.len() >= 5 {
        let at = 1 + draw.below(letters.len() - 2);
        match draw.below(3) {
            0 => letters.swap(at, at + 1),
            1 => drop(letters.remove(at)),
            _ => letters.insert(at, letters[at]),
        }
    }
    *word = letters.into_iter().collect();
    words.join(" ")
}
