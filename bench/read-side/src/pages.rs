//! P13 and P14: pages of orders. Order documents are copies of one that the shop has written, with ids, numbers and times of
//! their own.

use std::time::Instant;

use futures_util::TryStreamExt;
use measure::{Sample, Samples};
use read_models::{Write, documents};
use serde_json::{Value, json};

use crate::place::{Place, Store};
use crate::program::Role;
use crate::queries::{ORDERS, PAGE};
use crate::{Outcome, Turn};

const PATH: &str = "/admin/graphql";
/// Orders in the shorter list.
const FEW: usize = 10_000;
/// Orders in the longer list, unless `--orders` says otherwise.
const MANY: usize = 1_000_000;
/// Documents per write.
const BATCH: usize = 2_000;
/// Pages that are read for a sample.
const PAGES: usize = 500;

/// Name of the count of store calls.
pub fn calls(store: &str) -> String {
    format!("chorale on {store}: store calls for 20 orders with everything")
}

/// Names of the times of the short and the long list.
pub fn lengths(store: &str) -> [String; 2] {
    [
        format!("chorale on {store}: page of the short list"),
        format!("chorale on {store}: page of the long list"),
    ]
}

pub async fn run(turn: &Turn<'_>, samples: &mut Samples) -> Outcome<()> {
    let Turn { place, options, store, .. } = *turn;
    // Hot views hold no orders.
    if store.hot_views.is_some() {
        return Ok(());
    }
    if options.wants("P13") {
        count(turn, samples).await?;
    }
    if options.wants("P14") {
        let orders = options.number.map_or(Ok(if options.quick { 20_000 } else { MANY }), usize::try_from)?;
        let template = template(store).await?;
        for (name, count) in lengths(&store.name).iter().zip([FEW.min(orders / 10), orders]) {
            // The compatible server keeps its indexes in memory and is no measure of MongoDB: it gets a tenth.
            let count = if store.is_mongodb() && place.mongodb_kind != "mongod" { count / 10 } else { count };
            let sample = list(place, store, &template, count).await?;
            samples.add(name, sample);
        }
    }
    Ok(())
}

/// The number of calls, as the program itself counts them.
async fn count(turn: &Turn<'_>, samples: &mut Samples) -> Outcome<()> {
    let api = turn.role("query-api", &[]).await?;
    // The first query also asks for generations.
    for _ in 0..2 {
        api.ask(&api.staff, PATH, ORDERS, json!({})).await?;
    }
    let metric = "chorale_store_call_duration_seconds_count";
    let before = api.metric(metric, "").await?;
    let answer = api.ask(&api.staff, PATH, ORDERS, json!({})).await?;
    let found = answer["data"]["orders"]["nodes"].as_array().map_or(0, Vec::len);
    if found != 20 {
        return Err(format!("{found} orders instead of 20").into());
    }
    let calls_made = api.metric(metric, "").await? - before;
    samples.add(&calls(&turn.store.name), Sample { per_second: calls_made, ..Sample::default() });
    api.stop().await
}

/// An order of the shop.
async fn template(store: &Store) -> Outcome<Value> {
    let open = read_models::connect_read_only(&store.documents, &documents::ALL).await?;
    let orders = open.of_collection(&documents::orders::ORDERS);
    let live = orders.generations.live(&documents::orders::ORDERS).await?;
    let stored = orders.scan.scan(&live).try_next().await?.ok_or("the shop has no orders")?;
    Ok(serde_json::from_str(&stored.body.ok_or("a deleted document was scanned")?)?)
}

/// Fills a store with this number of orders, and times pages at random places of the list.
async fn list(place: &Place, store: &Store, template: &Value, count: usize) -> Outcome<Sample> {
    let folder = tempfile::tempdir_in(&place.disk)?;
    let store = match store.is_mongodb() {
        true => Store { documents: place.database()?, ..store.clone() },
        false => Store {
            documents: format!("sqlite://{}", folder.path().join("pages.db").display()),
            ..store.clone()
        },
    };
    let started = Instant::now();
    fill(&store, template, count).await?;
    eprintln!("    {count} orders written in {:.1} s", started.elapsed().as_secs_f64());
    // The query API needs the logs of a shop, which may be empty. Without servers one process owns them at a time.
    Role::on(place, &folder, "command-api", &store, &[]).await?.stop().await?;
    let api = Role::on(place, &folder, "query-api", &store, &[]).await?;
    let pages = pages(&api, count).await?;
    api.timed(&api.staff, PATH, pages.iter().take(PAGES / 10).cloned().collect()).await?;
    let sample = api.timed(&api.staff, PATH, pages).await?;
    api.stop().await?;
    Ok(sample)
}

/// Queries for pages that begin at places all over the list: periods of time that a hash spreads.
async fn pages(api: &Role, count: usize) -> Outcome<Vec<Value>> {
    let bodies: Vec<Value> = (0..PAGES)
        .map(|page| {
            let at = spread(page) % count;
            json!({ "query": PAGE, "variables": { "before": placed_at(at) } })
        })
        .collect();
    let first = api.ask(&api.staff, PATH, PAGE, json!({ "before": placed_at(count) })).await?;
    let found = first["data"]["orders"]["nodes"].as_array().map_or(0, Vec::len);
    if found == 20 { Ok(bodies) } else { Err(format!("{found} orders on the first page: {first}").into()) }
}

/// The same numbers in every run, all over the range.
fn spread(number: usize) -> usize {
    number.wrapping_mul(0x9E37_79B9).wrapping_add(12_345) & 0x7FFF_FFFF
}

/// One order per minute.
fn placed_at(number: usize) -> String {
    let minutes = number as u64;
    let (days, minute) = (minutes / 1_440, minutes % 1_440);
    // Months of 28 days, so that every date exists.
    let (year, month, day) = (2_000 + days / 336, days % 336 / 28 + 1, days % 28 + 1);
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:00.000Z", minute / 60, minute % 60)
}

async fn fill(store: &Store, template: &Value, count: usize) -> Outcome<()> {
    let collection = &documents::orders::ORDERS;
    read_models::migrate(&store.documents, &documents::ALL).await?;
    let open = read_models::connect(&store.documents, &documents::ALL).await?;
    let orders = open.of_collection(collection);
    let live = orders.generations.live(collection).await?;
    let statuses = ["CONFIRMED", "COMPLETED", "COMPLETED", "CANCELLED"];
    let mut number = 0;
    while number < count {
        let batch = (number..count.min(number + BATCH)).map(|number| {
            let mut order = template.clone();
            let id = uuid::Uuid::from_u128(number as u128 + 1).to_string();
            let at = placed_at(number);
            order["orderId"] = json!(id);
            order["number"] = json!(format!("10-{number:06}"));
            order["placedAt"] = json!(at);
            order["updatedAt"] = json!(at);
            order["status"] = json!(statuses[number % statuses.len()]);
            order["totals"]["grand"]["minor"] = json!(spread(number) % 100_000);
            Write { id: format!("order-{id}"), version: 1, body: Some(order.to_string()), stale: false }
        });
        let batch: Vec<Write> = batch.collect();
        orders.keyed.write(&live, &batch, &[].into_iter().collect()).await?;
        number += batch.len();
    }
    Ok(())
}
