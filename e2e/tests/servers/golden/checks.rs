//! Whether the answers are what the queries are about.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::Answers;
use super::queries::{Expected, Golden, ORDER_STATUSES, PAYMENT_STATES, SHIPMENT_STATUSES, STOCK_LEVELS};

/// The answers are what the queries are about: data or the expected error, lists that divide a whole, and most lists not empty.
pub fn check(golden: &[Golden], answers: &Answers) -> Result<()> {
    let (mut sizes, mut wrong) = (BTreeMap::new(), Vec::new());
    for query in golden {
        let pages = answers.get(&query.name).with_context(|| format!("{} was not asked", query.name))?;
        for page in pages {
            let answer: Value = serde_json::from_str(page)?;
            match query.expected {
                Expected::Error(code) => {
                    let found = &answer["errors"][0]["extensions"]["code"];
                    if *found != code {
                        wrong.push(format!("{}: not {code}: {page}", query.name));
                    }
                }
                Expected::List(_) | Expected::Data
                    if answer["data"].is_object() && is_other_than_now(&answer["data"]) =>
                {
                    wrong.push(format!("{}: not the present: {page}", query.name));
                }
                Expected::List(_) | Expected::Data => {
                    if !answer["errors"].is_null() || !answer["data"].is_object() {
                        wrong.push(format!("{}: {page}", query.name));
                    }
                }
            }
            if let Expected::List(list) = query.expected {
                let nodes = answer["data"][list]["nodes"].as_array().map_or(0, Vec::len);
                *sizes.entry(query.name.as_str()).or_insert(0) += nodes;
            }
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Each list was read in both directions.
    let size = |name: &str| sizes.get(name).copied().with_context(|| format!("no list {name:?}"));
    for (all, before, values, after) in [
        ("shopper: products ", "shopper: products where: { inStock: ", "true false", " }"),
        ("staff: products ", "staff: products where: { inStock: ", "true false", " }"),
        ("staff: orders ", "staff: orders where: { status: [", ORDER_STATUSES, "] }"),
        ("staff: orders ", "staff: orders where: { onHold: ", "true false", " }"),
        ("staff: payments ", "staff: payments where: { status: [", PAYMENT_STATES, "] }"),
        ("staff: shipments ", "staff: shipments where: { status: [", SHIPMENT_STATUSES, "] }"),
        ("staff: stockItems ", "staff: stockItems where: { level: [", STOCK_LEVELS, "] }"),
    ] {
        let mut parts = 0;
        for value in values.split_whitespace() {
            parts += size(&format!("{before}{value}{after}"))?;
        }
        ensure!(parts == size(all)? && parts > 0, "{before}…: {parts} of {}", size(all)?);
    }
    let filled = sizes.values().filter(|size| **size > 0).count();
    ensure!(filled * 4 > sizes.len() * 3, "only {filled} of {} lists have nodes: {sizes:#?}", sizes.len());
    Ok(())
}

/// Whether the data has an object as it is and as it was most recently, and the two differ.
fn is_other_than_now(data: &Value) -> bool {
    let both =
        [("order", "orderAsOf"), ("stock", "stockAsOf")].map(|(now, past)| (data.get(now), data.get(past)));
    both.into_iter().any(|both| matches!(both, (Some(now), Some(past)) if now != past))
}
