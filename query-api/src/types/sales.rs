//! Weekly sales of a product.

use query_api_macros::Fields;
use std::collections::BTreeMap;

use async_graphql::SimpleObject;
use read_models::documents::sales_by_week::{ProductWeek, SALES_BY_WEEK};
use read_models::{Direction, Filter, Query, Value, documents};

use crate::fault::Fault;
use crate::reader::Reader;
use crate::scalars::{BigInt, Money};

/// Sales of one product in one week, as ordered: later cancellations and refunds are not subtracted.
#[derive(SimpleObject, Fields)]
pub(crate) struct SalesWeek {
    /// ISO 8601 week in UTC, such as `2026-W09`.
    week: String,
    /// Date of the week's Monday, such as `2026-02-23`.
    monday: String,
    /// Number of orders that contain the product.
    orders: BigInt,
    /// Number of units that were ordered.
    units: BigInt,
    /// Sum of the product's line totals, tax included: one amount per currency.
    revenue: Vec<Money>,
}

/// Weekly sales of a product between two weeks, both included.
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
    // A document holds the sales of one topic partition; a week is the sum over partitions.
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
        _ => Err(Fault::BadInput("not a week; write weeks like 2026-W09".to_owned())),
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
