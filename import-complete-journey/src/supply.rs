//! Deliveries to the warehouses: first the demand of four weeks, then every week the demand of one more week.

use std::collections::{BTreeMap, BTreeSet};

use crate::dice::Dice;
use crate::year::{Article, Year};

/// Number of weeks that the first delivery covers.
const OPENING: u8 = 4;
/// Number of failed deliveries per 10 000.
const FAILS: u64 = 50;
/// The warehouses, best first, and their share of every delivery in percent.
pub(crate) const WAREHOUSES: [(&str, u32); 3] = [("central", 60), ("north", 25), ("south", 15)];

/// A delivery of one product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub article: Article,
    /// Quantities, in the order of [`WAREHOUSES`].
    pub quantities: [u32; 3],
}

/// The deliveries of each week (from 1), at its beginning, in order of product. `limit` is the largest quantity of a
/// line: larger ones are refused, so they need no stock.
pub(crate) fn of(year: &Year, limit: u32, dice: Dice) -> BTreeMap<u8, Vec<Delivery>> {
    let known: BTreeSet<Article> = year.products.iter().map(|product| product.article).collect();
    let mut wanted: BTreeMap<(u8, Article), u32> = BTreeMap::new();
    for basket in &year.baskets {
        for line in year.lines_of(basket) {
            if (1..=limit).contains(&line.quantity) && known.contains(&line.article) {
                *wanted.entry((arrives(basket.week), line.article)).or_default() += line.quantity;
            }
        }
    }
    let mut deliveries: BTreeMap<u8, Vec<Delivery>> = BTreeMap::new();
    for ((week, article), quantity) in wanted {
        if !dice.falls(FAILS, "delivery fails", &format!("{article}/{week}")) {
            deliveries.entry(week).or_default().push(Delivery { article, quantities: shares(quantity) });
        }
    }
    deliveries
}

/// The week at the beginning of which the demand of `week` is delivered.
fn arrives(week: u8) -> u8 {
    if week <= OPENING { 1 } else { week - 1 }
}

/// The warehouses' shares, split by largest remainder.
fn shares(quantity: u32) -> [u32; 3] {
    let weights = WAREHOUSES.map(|(_, percent)| u64::from(percent));
    let parts = schemas::Currency::USD.minor(i64::from(quantity)).split(&weights);
    // No part is larger than the total.
    std::array::from_fn(|i| parts.get(i).and_then(|part| u32::try_from(part.minor).ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::year::tests::year;

    #[test]
    fn warehouses_get_what_will_be_wanted_and_nothing_of_what_will_be_refused() {
        assert_eq!(shares(1), [1, 0, 0]);
        assert_eq!(shares(10), [6, 3, 1]);
        let mut year = year(&[1, 2], &[(1, &[(1, 4, 400), (2, 101, 9), (3, 1, 1)]), (2, &[(1, 6, 600)])]);
        year.baskets[1].week = 6;
        let never = Dice::new(1);
        let deliveries = of(&year, 100, never);
        let expected = |quantity| vec![Delivery { article: 1, quantities: shares(quantity) }];
        assert_eq!(deliveries, BTreeMap::from([(1, expected(4)), (5, expected(6))]));
    }

    #[test]
    fn some_deliveries_fail() {
        let articles: Vec<Article> = (1..=20_000).collect();
        let lines: Vec<_> = articles.iter().map(|article| (*article, 1, 100)).collect();
        let arrived = of(&year(&articles, &[(1, &lines)]), 100, Dice::new(1))[&1].len();
        assert!((19_850..19_950).contains(&arrived), "{arrived}");
    }
}
