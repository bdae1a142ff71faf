//! What was ordered of a product, week by week.

use std::collections::BTreeMap;

use async_graphql::SimpleObject;
use read_models::documents::sales_by_week::{ProductWeek, SALES_BY_WEEK};
use read_models::{Direction, Filter, Query, Value, documents};

use crate::fault::Fault;
use crate::reader::Reader;
use crate::scalars::{BigInt, Money};

/// What was ordered of a product in a week, as it was placed: nothing is taken off for what was cancelled or refunded later.
#[derive(SimpleObject)]
pub(crate) struct SalesWeek {
    /// ISO 8601 week in UTC: `2026-W09`.
    week: String,
    /// Its Monday: `2026-02-23`.
    monday: String,
    /// Orders that hold the product.
    orders: BigInt,
    /// Units ordered.
    units: BigInt,
    /// Sum of the lines' totals, tax included, by currency.
    revenue: Vec<Money>,
}

/// The weeks of a product in which something was ordered, from one week to another.
pub(crate) async fn weeks(
    reader: &Reader,
    product: String,
    from: Option<String>,
    to: Option<String>,
) -> Result<Vec<SalesWeek>, Fault> {
    for week in [&from, &to].into_iter().flatten() {
        check(week)?;
    }
    let query = Query {
        filters: vec![
            Filter::In("productId", vec![Value::Text(product)]),
            Filter::Between("week", from.map(Value::Text), to.map(Value::Text)),
        ],
        sort: vec![("week", Direction::Ascending)],
        ..Query::default()
    };
    // A document holds what one partition of the topic told; a week is their sum.
    let mut weeks: BTreeMap<String, ProductWeek> = BTreeMap::new();
    for part in reader.find_all::<ProductWeek>(&SALES_BY_WEEK, query).await? {
        let part = &part.value;
        let week = weeks.entry(part.week.clone()).or_default();
        week.monday.clone_from(&part.monday);
        week.orders = week.orders.saturating_add(part.orders);
        week.units = week.units.saturating_add(part.units);
        for (currency, minor) in &part.revenue {
            let sum = week.revenue.entry(currency.clone()).or_default();
            *sum = sum.saturating_add(*minor);
        }
    }
    Ok(weeks.into_iter().map(|(week, sum)| SalesWeek::of(week, sum)).collect())
}

fn check(week: &str) -> Result<(), Fault> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match week.split_once("-W") {
        Some((year, number)) if year.len() == 4 && number.len() == 2 && digits(year) && digits(number) => {
            Ok(())
        }
        _ => Err(Fault::BadInput("a week looks like 2026-W09".to_owned())),
    }
}

impl SalesWeek {
    fn of(week: String, sum: ProductWeek) -> Self {
        let money = |(currency, minor)| Money::from(&documents::Money { minor, currency });
        Self {
            week,
            monday: sum.monday,
            orders: sum.orders.into(),
            units: sum.units.into(),
            revenue: sum.revenue.into_iter().map(money).collect(),
        }
    }
}
