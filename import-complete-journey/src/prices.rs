//! The price of a product in a week: the median of the undiscounted prices in its lines of that week.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use crate::year::{Article, Year};

/// Per week (from 1) and product, the price in cents. There is none if no line of the product has a quantity.
pub(crate) type Prices = BTreeMap<u8, BTreeMap<Article, i64>>;

/// Cents for a number of units, exactly.
#[derive(Clone, Copy)]
struct Ratio {
    cents: i64,
    units: i64,
}

/// The prices of all weeks.
pub(crate) fn of(year: &Year) -> Prices {
    let mut sold: BTreeMap<u8, HashMap<Article, Vec<Ratio>>> = BTreeMap::new();
    for basket in &year.baskets {
        let week = sold.entry(basket.week).or_default();
        for line in year.lines_of(basket).iter().filter(|line| line.quantity > 0) {
            let ratio = Ratio { cents: line.regular, units: i64::from(line.quantity) };
            week.entry(line.article).or_default().push(ratio);
        }
    }
    let medians =
        |week: HashMap<Article, Vec<Ratio>>| week.into_iter().map(|(article, all)| (article, median(all)));
    sold.into_iter().map(|(number, week)| (number, medians(week).collect())).collect()
}

impl Ratio {
    fn compare(&self, other: &Self) -> Ordering {
        let left = i128::from(self.cents) * i128::from(other.units);
        left.cmp(&(i128::from(other.cents) * i128::from(self.units)))
    }
}

/// In whole cents; half a cent is rounded up. `all` is not empty, and all units are positive.
fn median(mut all: Vec<Ratio>) -> i64 {
    all.sort_by(Ratio::compare);
    let (low, high) = (all[(all.len() - 1) / 2], all[all.len() / 2]);
    let wide = |ratio: Ratio| (i128::from(ratio.cents), i128::from(ratio.units));
    let ((a, b), (c, d)) = (wide(low), wide(high));
    let (sum, over) = (a * d + c * b, 2 * b * d);
    // Amounts at the till are far below 64 bits.
    i64::try_from((2 * sum + over).div_euclid(2 * over)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::year::tests::year;

    #[test]
    fn a_price_is_the_median_of_the_regular_prices_and_half_a_cent_goes_up() {
        let year = year(
            &[1, 2, 3],
            &[(1, &[(1, 1, 100), (1, 2, 300), (1, 1, 999), (2, 2, 5), (3, 0, 0)]), (2, &[(2, 1, 2)])],
        );
        let prices = of(&year);
        assert_eq!(prices[&1].get(&1), Some(&150));
        assert_eq!(prices[&1].get(&2), Some(&2), "the median of 2.5 and 2 is 2.25");
        assert_eq!(prices[&1].get(&3), None, "nothing was sold of it");
        let ratio = |cents, units| Ratio { cents, units };
        assert_eq!(median(vec![ratio(5, 2)]), 3);
        assert_eq!(median(vec![ratio(1, 1000)]), 0);
        assert_eq!(median(vec![ratio(2, 1), ratio(3, 1)]), 3);
    }
}
