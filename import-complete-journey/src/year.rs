//! The grocer's year, as read from the files.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use schemas::Timestamp;

use crate::columns::Table;

/// The number of a product in the data.
pub(crate) type Article = u32;

/// The contents of the files, up to a week.
pub(crate) struct Year {
    /// The catalogue, in order of number.
    pub products: Vec<Product>,
    /// In order of time.
    pub baskets: Vec<Basket>,
    /// The lines of all baskets.
    pub lines: Vec<Line>,
}

/// A product in the grocer's data.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub article: Article,
    /// The number of the manufacturer.
    pub maker: i64,
    /// The department of the store.
    pub department: String,
    /// `National` or `Private`.
    pub brand: String,
    pub category: Option<String>,
    pub kind: Option<String>,
    pub size: Option<String>,
}

/// One purchase of a household.
#[derive(Clone, Debug)]
pub(crate) struct Basket {
    pub number: i64,
    pub household: i64,
    pub at: Timestamp,
    /// 1 to 53.
    pub week: u8,
    /// Range of its lines in [`Year::lines`].
    pub lines: Range<usize>,
}

/// A line of a till receipt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    pub article: Article,
    pub quantity: u32,
    /// Paid amount, in cents.
    pub paid: i64,
    /// Amount without discounts, in cents.
    pub regular: i64,
}

impl Year {
    /// Reads the first `weeks` weeks from the folder of files; `None` for all.
    pub fn read(folder: &Path, weeks: Option<u8>) -> Result<Self> {
        let transactions = Table::open(&folder.join("transactions.parquet"))?;
        let products = products(&Table::open(&folder.join("products.parquet"))?)?;
        let all = transactions.whole("week", usize::MAX)?;
        ensure!(all.is_sorted(), "transactions.parquet is not in order of time: fetch it again");
        let last = weeks.map_or(i64::MAX, i64::from);
        let rows = all.partition_point(|week| *week <= last);
        let lines = lines(&transactions, rows)?;
        let baskets = baskets(&transactions, &all[..rows])?;
        ensure!(!baskets.is_empty(), "transactions.parquet has no baskets");
        Ok(Self { products, baskets, lines })
    }

    /// The lines of a basket.
    pub fn lines_of(&self, basket: &Basket) -> &[Line] {
        &self.lines[basket.lines.clone()]
    }

    /// Removes the products that are in no basket.
    pub fn only_what_was_bought(&mut self) {
        let bought: HashSet<Article> = self.lines.iter().map(|line| line.article).collect();
        self.products.retain(|product| bought.contains(&product.article));
    }
}

fn products(table: &Table) -> Result<Vec<Product>> {
    let all = usize::MAX;
    let (articles, makers) = (table.whole("product_id", all)?, table.whole("manufacturer_id", all)?);
    let (departments, brands) = (table.texts("department", all)?, table.texts("brand", all)?);
    let (categories, kinds) = (table.texts("product_category", all)?, table.texts("product_type", all)?);
    let sizes = table.texts("package_size", all)?;
    let mut products = Vec::with_capacity(articles.len());
    let texts = departments.into_iter().zip(brands).zip(categories).zip(kinds.into_iter().zip(sizes));
    for ((article, maker), (((department, brand), category), (kind, size))) in
        articles.into_iter().zip(makers).zip(texts)
    {
        products.push(Product {
            article: Article::try_from(article)?,
            maker,
            department: department.unwrap_or_else(|| "Miscellaneous".to_owned()),
            brand: brand.unwrap_or_else(|| "National".to_owned()),
            category,
            kind,
            size,
        });
    }
    products.sort_by_key(|product| product.article);
    Ok(products)
}

fn lines(table: &Table, rows: usize) -> Result<Vec<Line>> {
    let (articles, quantities) = (table.whole("product_id", rows)?, table.whole("quantity", rows)?);
    let (paid, retail) = (table.cents("sales_value", rows)?, table.cents("retail_disc", rows)?);
    let matched = table.cents("coupon_match_disc", rows)?;
    (0..rows)
        .map(|i| {
            Ok(Line {
                article: Article::try_from(articles[i])?,
                quantity: u32::try_from(quantities[i])?,
                paid: paid[i],
                regular: paid[i] + retail[i] + matched[i],
            })
        })
        .collect()
}

/// Fails unless the lines of each basket are adjacent.
fn baskets(table: &Table, weeks: &[i64]) -> Result<Vec<Basket>> {
    let rows = weeks.len();
    let (numbers, households) = (table.whole("basket_id", rows)?, table.whole("household_id", rows)?);
    let instants = table.instants("transaction_timestamp", rows)?;
    let mut baskets: Vec<Basket> = Vec::new();
    let mut known = HashSet::new();
    for i in 0..rows {
        match baskets.last_mut().filter(|basket| basket.number == numbers[i]) {
            Some(basket) => basket.lines.end = i + 1,
            None => {
                ensure!(known.insert(numbers[i]), "the lines of basket {} are not adjacent", numbers[i]);
                baskets.push(Basket {
                    number: numbers[i],
                    household: households[i],
                    at: instants[i],
                    week: u8::try_from(weeks[i]).context("a week is out of range")?,
                    lines: i..i + 1,
                });
            }
        }
    }
    ensure!(baskets.is_sorted_by_key(|basket| basket.at), "baskets are not in order of time");
    Ok(baskets)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A product that has not been bought.
    pub fn product(article: Article) -> Product {
        Product {
            article,
            maker: 69,
            department: "GROCERY".to_owned(),
            brand: "Private".to_owned(),
            category: Some("SOFT DRINKS".to_owned()),
            kind: Some("SFT DRNK 2 LITER BTL CARB INCL".to_owned()),
            size: Some("2 LTR".to_owned()),
        }
    }

    /// Article, quantity, and total without discounts in cents.
    type Bought = (Article, u32, i64);

    /// A year of one week with these baskets: household, and lines.
    pub fn year(articles: &[Article], baskets: &[(i64, &[Bought])]) -> Year {
        let mut year = Year {
            products: articles.iter().copied().map(product).collect(),
            baskets: vec![],
            lines: vec![],
        };
        for (i, (household, lines)) in baskets.iter().enumerate() {
            let begin = year.lines.len();
            year.lines.extend(lines.iter().map(|&(article, quantity, regular)| Line {
                article,
                quantity,
                paid: regular,
                regular,
            }));
            let number = 1_000 + i as i64;
            let at = Timestamp::from_millis(1_483_268_400_000 + number * 60_000);
            year.baskets.push(Basket {
                number,
                household: *household,
                at,
                week: 1,
                lines: begin..year.lines.len(),
            });
        }
        year
    }
}
