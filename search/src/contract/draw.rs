//! Random entries and queries, the same in every run. Few values, so that many are equal.

use crate::port::{Category, Entry, Filters, Query, Sort, SortField};

const WORDS: [&str; 12] =
    ["tea", "pot", "green", "teapot", "Grün", "Früchte", "mug", "mugs", "Kanne", "Teekanne", "blue", "500ml"];
const BRANDS: [&str; 3] = ["Ölmühle", "Acme", "Leafy"];
const CATEGORIES: [(&str, &str); 4] = [("c1", "Tea"), ("c2", "Pots"), ("c3", "Kitchen"), ("c4", "Green tea")];
const NAMES: [&str; 3] = ["colour", "size", "origin"];
const VALUES: [&str; 4] = ["red", "blue", "L", "Assam"];
const STATUSES: [&str; 2] = ["PUBLISHED", "DRAFT"];
const PRICES: [i64; 6] = [0, 99, 100, 450, 500, 12_345];

/// A source of numbers (splitmix64).
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn of<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    fn some<T: Clone>(&mut self, all: &[T], most: usize) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| self.of(all)).collect()
    }

    pub(super) fn entry(&mut self, number: usize, version: u64) -> Entry {
        let title = (0..=self.below(3)).map(|_| self.of(&WORDS)).collect::<Vec<_>>().join(" ");
        let attribute = |draw: &mut Self| (draw.of(&NAMES).to_owned(), draw.of(&VALUES).to_owned());
        Entry {
            id: format!("p{number:02}"),
            version,
            revision: 0,
            status: self.of(&STATUSES).to_owned(),
            sort_title: platform::text::collation_key(&title),
            title,
            description: self.some(&WORDS, 3).join(", "),
            brand: (!self.one_in(4)).then(|| self.of(&BRANDS).to_owned()),
            categories: self
                .some(&CATEGORIES, 2)
                .into_iter()
                .map(|(id, name)| Category { id: id.to_owned(), name: name.to_owned() })
                .collect(),
            attributes: (0..self.below(4)).map(|_| attribute(self)).collect(),
            codes: vec![format!("SKU-{number}"), format!("40{:05}", number * 7)],
            price: (!self.one_in(5)).then(|| self.of(&PRICES)),
            available: !self.one_in(3),
            in_stock: self.one_in(2),
            created_at: i64::try_from(self.below(4)).unwrap_or(0),
            updated_at: i64::try_from(self.below(4)).unwrap_or(0),
        }
    }

    pub(super) fn entries(&mut self, most: usize) -> Vec<Entry> {
        (0..self.below(most + 1)).map(|number| self.entry(number, 1)).collect()
    }

    fn values(&mut self, all: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = all.iter().map(|one| (*one).to_owned()).collect();
        all.push("unknown".to_owned());
        self.some(&all, 2)
    }

    pub(super) fn filters(&mut self) -> Filters {
        let categories: Vec<&str> = CATEGORIES.iter().map(|(id, _)| *id).collect();
        let bound = |draw: &mut Self| (!draw.one_in(3)).then(|| draw.of(&PRICES));
        Filters {
            statuses: (!self.one_in(3)).then(|| vec!["PUBLISHED".to_owned()]),
            codes: self.one_in(8).then(|| vec!["sku-1".to_owned(), "SKU-2".to_owned(), "4000021".to_owned()]),
            categories: self.one_in(3).then(|| self.values(&categories)),
            brands: self.one_in(3).then(|| self.values(&BRANDS)),
            price: self.one_in(3).then(|| (bound(self), bound(self))),
            available: self.one_in(3).then(|| self.one_in(2)),
            in_stock: self.one_in(3).then(|| self.one_in(2)),
            attributes: (0..self.below(3))
                .map(|_| (self.of(&NAMES).to_owned(), self.values(&VALUES)))
                .collect(),
        }
    }

    fn text(&mut self) -> Option<String> {
        let words = [
            "tea",
            "te",
            "teapto",
            "green tea",
            "grun",
            "FRUECHTE",
            "kannen",
            "sku-1",
            "acme",
            "%",
            "blue mugs",
        ];
        (!self.one_in(3)).then(|| self.of(&words).to_owned())
    }

    pub(super) fn query(&mut self) -> Query {
        let fields = [
            SortField::Relevance,
            SortField::Title,
            SortField::Price,
            SortField::Created,
            SortField::Updated,
        ];
        let sort = |draw: &mut Self| Sort { field: draw.of(&fields), descending: draw.one_in(2) };
        Query {
            text: self.text(),
            filters: self.filters(),
            sort: (0..self.below(3)).map(|_| sort(self)).collect(),
            limit: 1 + self.below(4),
            facets: true,
            ..Query::default()
        }
    }
}
