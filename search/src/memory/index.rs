//! The indexed entries.

use std::collections::HashMap;

use super::codes::Codes;
use super::dictionary::{ATTRIBUTE, BRAND, CATEGORY, DESCRIPTION, Dictionary, Posting, TITLE};
use super::values::{Values, band};
use crate::port::{Entry, FacetKind, Key, SortField};
use crate::settings::Settings;
use crate::words::{code, quantity, words};

/// An entry, as far as it is needed for filters, facets and sorting.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: Box<str>,
    pub(super) version: u64,
    revision: u64,
    /// Its number in [`Index::statuses`].
    pub(super) status: u32,
    sort_title: Box<str>,
    /// The first bytes of `sort_title`, by which most titles can be told apart.
    title_start: u64,
    /// Words of the title.
    pub(super) title_words: u8,
    pub(super) price: Option<i64>,
    pub(super) available: bool,
    created_at: i64,
    updated_at: i64,
    /// Numbers of its [`Values`], each once.
    pub(super) values: Box<[u32]>,
    terms: Box<[u32]>,
    codes: Box<[u32]>,
}

impl Item {
    pub(super) fn key(&self, score: u32, field: SortField) -> Key {
        match field {
            SortField::Relevance => Key::Integer(-i64::from(score)),
            SortField::Title => Key::Text(self.sort_title.to_string()),
            SortField::Price => self.price.map_or(Key::Null, Key::Integer),
            SortField::Created => Key::Integer(self.created_at),
            SortField::Updated => Key::Integer(self.updated_at),
        }
    }

    /// Compares two keys without making them.
    pub(super) fn compare(&self, score: u32, other: (&Self, u32), field: SortField) -> std::cmp::Ordering {
        let (item, other_score) = other;
        match field {
            SortField::Relevance => other_score.cmp(&score),
            SortField::Title => {
                self.title_start.cmp(&item.title_start).then_with(|| self.sort_title.cmp(&item.sort_title))
            }
            SortField::Price => self.price.cmp(&item.price),
            SortField::Created => self.created_at.cmp(&item.created_at),
            SortField::Updated => self.updated_at.cmp(&item.updated_at),
        }
    }
}

#[derive(Debug)]
pub(super) struct Index {
    pub(super) dictionary: Dictionary,
    pub(super) codes: Codes,
    pub(super) values: Values,
    items: Vec<Option<Item>>,
    unused: Vec<u32>,
    numbers: HashMap<Box<str>, u32>,
    statuses: Vec<Box<str>>,
}

impl Index {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            dictionary: Dictionary::new(settings.languages.clone()),
            codes: Codes::default(),
            values: Values::default(),
            items: Vec::new(),
            unused: Vec::new(),
            numbers: HashMap::new(),
            statuses: Vec::new(),
        }
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Numbers of entries are below this.
    pub(super) fn capacity(&self) -> usize {
        self.items.len()
    }

    pub(super) fn item(&self, number: u32) -> Option<&Item> {
        self.items.get(number as usize)?.as_ref()
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (u32, &Item)> {
        (0..).zip(&self.items).filter_map(|(number, item)| Some((number, item.as_ref()?)))
    }

    pub(super) fn of_id(&self, id: &str) -> Option<&Item> {
        self.item(*self.numbers.get(id)?)
    }

    pub(super) fn status(&self, name: &str) -> Option<u32> {
        let at = self.statuses.iter().position(|status| **status == *name)?;
        u32::try_from(at).ok()
    }

    /// Puts an entry unless a newer one or the same is there.
    pub(super) fn put(&mut self, entry: &Entry) {
        let number = match self.numbers.get(entry.id.as_str()) {
            Some(number) if self.item(*number).is_some_and(|item| !is_newer(entry, item)) => return,
            Some(number) => *number,
            None => self.new_number(&entry.id),
        };
        let old = self.items[number as usize].take();
        let item = self.indexed(entry, number);
        if let Some(old) = &old {
            // What the new version has as well is in place already.
            let gone = |old: &[u32], new: &[u32]| {
                let gone = old.iter().filter(|one| !new.contains(one));
                gone.copied().collect::<Vec<u32>>()
            };
            for term in gone(&old.terms, &item.terms) {
                self.dictionary.remove(term, number);
            }
            for code in gone(&old.codes, &item.codes) {
                self.codes.remove(code, number);
            }
            self.count(old, false);
        }
        self.count(&item, true);
        self.items[number as usize] = Some(item);
    }

    pub(super) fn remove(&mut self, id: &str) {
        let Some(number) = self.numbers.remove(id) else { return };
        let Some(item) = self.items.get_mut(number as usize).and_then(Option::take) else { return };
        for term in &item.terms {
            self.dictionary.remove(*term, number);
        }
        for code in &item.codes {
            self.codes.remove(*code, number);
        }
        self.count(&item, false);
        self.unused.push(number);
    }

    fn new_number(&mut self, id: &str) -> u32 {
        let number = self.unused.pop().unwrap_or_else(|| {
            self.items.push(None);
            u32::try_from(self.items.len() - 1).unwrap_or(u32::MAX)
        });
        self.numbers.insert(id.into(), number);
        number
    }

    fn count(&mut self, item: &Item, has: bool) {
        for value in &item.values {
            self.values.count(*value, item.status, has);
        }
    }

    fn indexed(&mut self, entry: &Entry, number: u32) -> Item {
        let mut title = words(&entry.title);
        let brand = words(entry.brand.as_deref().unwrap_or_default());
        // The brand is part of many titles, and says less about what the product is.
        title.retain(|word| !brand.contains(word));
        let mut found: HashMap<String, (u8, u8)> = HashMap::new();
        for (at, word) in (1..=u8::MAX).zip(&title) {
            found.entry(word.clone()).or_insert((TITLE, at));
        }
        add_words(&mut found, &title, TITLE);
        let mut add = |text: &str, field: u8| add_words(&mut found, &words(text), field);
        add(entry.brand.as_deref().unwrap_or_default(), BRAND);
        entry.categories.iter().for_each(|category| add(&category.name, CATEGORY));
        entry.attributes.iter().for_each(|(_, value)| add(value, ATTRIBUTE));
        add(&entry.description, DESCRIPTION);
        let terms = found.iter().map(|(word, (fields, at))| {
            self.dictionary.add(word, Posting { entry: number, fields: *fields, at: *at })
        });
        let terms = terms.collect();
        let mut codes: Vec<u32> =
            entry.codes.iter().map(|text| self.codes.add(&code(text), number)).collect();
        codes.sort_unstable();
        codes.dedup();
        let mut start = [0; 8];
        start.iter_mut().zip(entry.sort_title.bytes()).for_each(|(to, from)| *to = from);
        Item {
            id: entry.id.as_str().into(),
            version: entry.version,
            revision: entry.revision,
            status: self.status_number(&entry.status),
            sort_title: entry.sort_title.as_str().into(),
            title_start: u64::from_be_bytes(start),
            title_words: u8::try_from(title.len()).unwrap_or(u8::MAX),
            price: entry.price,
            available: entry.available,
            created_at: entry.created_at,
            updated_at: entry.updated_at,
            values: self.values_of(entry),
            terms,
            codes: codes.into(),
        }
    }

    fn status_number(&mut self, name: &str) -> u32 {
        self.status(name).unwrap_or_else(|| {
            self.statuses.push(name.into());
            u32::try_from(self.statuses.len() - 1).unwrap_or(u32::MAX)
        })
    }

    fn values_of(&mut self, entry: &Entry) -> Box<[u32]> {
        let values = &mut self.values;
        let mut all = Vec::new();
        for category in &entry.categories {
            all.push(values.number(&FacetKind::Category, &category.id, &category.name, None));
        }
        all.extend(entry.brand.as_ref().map(|brand| values.number(&FacetKind::Brand, brand, brand, None)));
        all.extend(entry.price.map(|price| {
            let range = band(price);
            let text = format!("{}–{}", range.min, range.max);
            values.number(&FacetKind::Price, &text, &text, Some(range))
        }));
        for (kind, flag) in [(FacetKind::Available, entry.available), (FacetKind::InStock, entry.in_stock)] {
            let value = flag.to_string();
            all.push(values.number(&kind, &value, &value, None));
        }
        for (name, value) in &entry.attributes {
            all.push(values.number(&FacetKind::Attribute(name.clone()), value, value, None));
        }
        all.sort_unstable();
        all.dedup();
        all.into()
    }
}

fn is_newer(entry: &Entry, item: &Item) -> bool {
    (entry.version, entry.revision) > (item.version, item.revision)
}

/// Adds words, and of quantities also the spelling with or without a space: `500 ml` and `500ml`.
fn add_words(found: &mut HashMap<String, (u8, u8)>, words: &[String], field: u8) {
    let mut add = |word: &str| match found.get_mut(word) {
        Some(known) => known.0 |= field,
        None => {
            found.insert(word.to_owned(), (field, 0));
        }
    };
    for (at, word) in words.iter().enumerate() {
        add(word);
        if let Some((number, unit)) = quantity(word) {
            add(number);
            add(unit);
        }
        let joined = words.get(at + 1).map(|next| format!("{word}{next}"));
        if let Some(joined) =
            joined.filter(|joined| quantity(joined).is_some_and(|(number, _)| number == word))
        {
            add(&joined);
        }
    }
}
