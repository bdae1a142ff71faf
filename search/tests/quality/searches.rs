//! The searches: those of `queries.txt`, the nouns of `types.txt`, codes, and all of the words with typing errors.

use super::catalogue::{Kind, Product, kinds};
use super::contains;

/// A search.
#[derive(Debug)]
pub struct Searched {
    pub kind: String,
    pub text: String,
    pub wanted: Wanted,
}

/// What the first results must be.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Any of these kinds of products.
    kinds: Vec<String>,
    brand: Option<String>,
    /// Words of the title.
    words: Vec<String>,
    /// A part of a SKU or barcode.
    code: Option<String>,
}

impl Wanted {
    pub fn holds(&self, product: &Product) -> bool {
        let entry = &product.entry;
        (self.kinds.is_empty() || self.kinds.contains(&product.kind))
            && self.brand.as_ref().is_none_or(|brand| entry.brand.as_ref() == Some(brand))
            && self.words.iter().all(|word| contains(&entry.title, word))
            && self
                .code
                .as_ref()
                .is_none_or(|code| entry.codes.iter().any(|own| own.replace('-', "").contains(code)))
    }

    /// Reads `type=a/b brand=Name words=one+two`.
    fn read(text: &str) -> Self {
        let mut wanted = Self::default();
        let mut rest = text;
        while let Some((name, behind)) = rest.split_once('=') {
            let end = [" type=", " brand=", " words="].iter().filter_map(|next| behind.find(next)).min();
            let (value, next) = behind.split_at(end.unwrap_or(behind.len()));
            match name.trim() {
                "type" => wanted.kinds = value.split('/').map(str::to_owned).collect(),
                "brand" => wanted.brand = Some(value.to_owned()),
                "words" => wanted.words = value.split('+').map(str::to_owned).collect(),
                other => panic!("unknown condition {other:?} in {text:?}"),
            }
            rest = next;
        }
        wanted
    }
}

/// All searches.
pub fn all(products: &[Product]) -> Vec<Searched> {
    let kinds = kinds();
    let (written, nouns) = (written(), nouns(&kinds));
    let mut all = codes(products);
    for (number, searched) in nouns.iter().enumerate() {
        for error in 0..2 {
            all.extend(misspelt(searched, number + error, "noun"));
        }
    }
    for (number, searched) in written.iter().enumerate() {
        if ["variety", "brand"].contains(&searched.kind.as_str()) {
            all.extend(misspelt(searched, number, &searched.kind));
        }
    }
    all.extend(written);
    all.extend(nouns);
    all
}

fn written() -> Vec<Searched> {
    let lines = include_str!("queries.txt").lines().filter(|line| !line.starts_with('#'));
    let searched = |line: &str| {
        let columns: Vec<&str> = line.split('|').collect();
        Searched {
            kind: columns[0].to_owned(),
            text: columns[1].to_owned(),
            wanted: Wanted::read(columns[2]),
        }
    };
    lines.map(searched).collect()
}

/// Singular and plural of every kind, in both languages.
fn nouns(kinds: &[Kind]) -> Vec<Searched> {
    let mut all = Vec::new();
    for kind in kinds {
        let wanted = Wanted { kinds: vec![kind.id.clone()], ..Wanted::default() };
        for (name, text) in [
            ("noun, English", &kind.english.0),
            ("noun, English, plural", &kind.english.1),
            ("noun, German", &kind.german.0),
            ("noun, German, plural", &kind.german.1),
        ] {
            let known = all.iter().any(|one: &Searched| one.text == *text);
            if !known {
                all.push(Searched { kind: name.to_owned(), text: text.clone(), wanted: wanted.clone() });
            }
        }
    }
    all
}

/// SKUs and barcodes, whole and in part.
fn codes(products: &[Product]) -> Vec<Searched> {
    let mut all = Vec::new();
    for product in products.iter().step_by(products.len() / 20) {
        let (sku, barcode) = (&product.entry.codes[0], &product.entry.codes[2]);
        let plain = sku.replace('-', "");
        for (kind, text, code) in [
            ("SKU", sku.clone(), plain.clone()),
            ("SKU", sku.to_lowercase(), plain.clone()),
            ("SKU", plain.clone(), plain.clone()),
            ("SKU in part", sku[..sku.len() - 2].to_owned(), plain[..plain.len() - 1].to_owned()),
            ("SKU in part", sku[2..].to_owned(), plain[2..].to_owned()),
            ("SKU in part", sku.replace('-', " "), plain.clone()),
            ("barcode", barcode.clone(), barcode.clone()),
            ("barcode in part", barcode[6..].to_owned(), barcode[6..].to_owned()),
        ] {
            let wanted = Wanted { code: Some(code), ..Wanted::default() };
            all.push(Searched { kind: kind.to_owned(), text, wanted });
        }
    }
    all
}

/// The search with one typing error in its longest word of at least five letters.
fn misspelt(searched: &Searched, number: usize, of: &str) -> Option<Searched> {
    let words: Vec<&str> = searched.text.split(' ').collect();
    let (at, word) =
        words.iter().enumerate().max_by_key(|(at, word)| (word.chars().count(), std::cmp::Reverse(*at)))?;
    let letters: Vec<char> = word.chars().collect();
    if letters.len() < 5 || !letters.iter().all(|c| c.is_alphabetic()) {
        return None;
    }
    let place = number * 7 % (letters.len() - 1);
    let (kind, wrong) = match number % 4 {
        0 => ("swapped", swapped(&letters, place)?),
        1 => ("missing", without(&letters, place + 1)),
        2 => ("doubled", doubled(&letters, place)),
        _ => ("neighbour key", beside(&letters, place)?),
    };
    let mut text: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    text[at] = wrong;
    let kind = format!("misspelt {of}, {kind}");
    Some(Searched { kind, text: text.join(" "), wanted: searched.wanted.clone() })
}

fn swapped(letters: &[char], place: usize) -> Option<String> {
    let mut wrong = letters.to_vec();
    wrong.swap(place, place + 1);
    (wrong != letters).then(|| wrong.into_iter().collect())
}

fn without(letters: &[char], place: usize) -> String {
    let mut wrong = letters.to_vec();
    wrong.remove(place);
    wrong.into_iter().collect()
}

fn doubled(letters: &[char], place: usize) -> String {
    let mut wrong = letters.to_vec();
    wrong.insert(place, letters[place]);
    wrong.into_iter().collect()
}

/// The next key to the right on a QWERTY keyboard, to the left at its end.
fn beside(letters: &[char], place: usize) -> Option<String> {
    const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    let key = letters[place].to_lowercase().next()?;
    let row = ROWS.iter().find(|row| row.contains(key))?;
    let at = row.find(key)?;
    let other = row[at + 1..].chars().next().or_else(|| row[..at].chars().last())?;
    let mut wrong = letters.to_vec();
    wrong[place] = other;
    Some(wrong.into_iter().collect())
}
