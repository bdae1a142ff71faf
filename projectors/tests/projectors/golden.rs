//! A sample of every kind of document, checked in. Documents are a stored format: what was written must be read for ever
//! within a shape.

use std::path::PathBuf;

use read_models::Stored;
use read_models::documents::{
    categories::CategoryTree, events::EventEntry, held_events::HeldEvent, order_timeline::TimelineEntry,
    orders::Order, parked_reactions::ParkedReaction, payments::Payment, products::Product, rebuilds::Rebuild,
    reservations::Reservation, sales_by_week::ProductWeek, shipments::Shipment, sources::Source,
    stock::StockItem, stock_movements::StockMovement,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::history::history;
use crate::shop::Shop;

/// Everything that `old` says, `new` says too; `new` may say more where `old` says nothing.
fn says_as_much(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            old.iter().all(|(key, old)| new.get(key).is_some_and(|new| says_as_much(old, new)))
        }
        (Value::Array(old), Value::Array(new)) => {
            old.len() == new.len() && old.iter().zip(new).all(|(old, new)| says_as_much(old, new))
        }
        (old, new) => old == new,
    }
}

/// What a program of today reads and writes again.
fn reread<D: DeserializeOwned + Serialize>(golden: &Value) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_value::<D>(golden.clone())?)
}

fn reread_as(name: &str, golden: &Value) -> Result<Value, serde_json::Error> {
    match name {
        "categories" => reread::<CategoryTree>(golden),
        "events" => reread::<EventEntry>(golden),
        "order_timeline" => reread::<TimelineEntry>(golden),
        "orders" => reread::<Order>(golden),
        "parked_reactions" => reread::<ParkedReaction>(golden),
        "payments" => reread::<Payment>(golden),
        "products" => reread::<Product>(golden),
        "reservations" => reread::<Reservation>(golden),
        "sales_by_week" => reread::<ProductWeek>(golden),
        "shipments" => reread::<Shipment>(golden),
        "stock" => reread::<StockItem>(golden),
        "stock_movements" => reread::<StockMovement>(golden),
        "held_events" => reread::<HeldEvent>(golden),
        "rebuilds" => reread::<Rebuild>(golden),
        "sources" => reread::<Source>(golden),
        other => panic!("{other} has no line in golden.rs"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_of_every_collection_are_read_as_they_were_written() {
    let records = history(51);
    for collection in read_models::documents::ALL {
        let (name, shape) = (collection.name, collection.shape);
        let projection = projectors::projections::named(name);
        let file = PathBuf::from(format!("tests/golden/{name}.v{shape}.json"));
        if let Some(projection) = projection
            && std::env::var_os("UPDATE_CONTRACTS").is_some()
            && !file.exists()
        {
            let shop = Shop::open(projection, None).await;
            shop.bus.publish(&records);
            shop.settled().await;
            std::fs::write(&file, fullest(&shop.documents().await)).unwrap();
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; UPDATE_CONTRACTS=1 cargo test -p projectors golden writes it",
                file.display()
            )
        });
        let golden: Value = serde_json::from_str(&golden).unwrap();
        let now = reread_as(name, &golden).unwrap_or(Value::Null);
        assert!(
            says_as_much(&golden, &now),
            "documents of {name} changed their shape. Raise the collection's shape and write its golden file with \
             UPDATE_CONTRACTS=1 cargo test -p projectors golden; the old file goes with its shape.\n{golden:#}\n{now:#}"
        );
    }
}

/// The document that says most.
fn fullest(documents: &[Stored]) -> String {
    let bodies = documents.iter().filter_map(|one| one.body.as_deref());
    let fullest = bodies.max_by_key(|body| body.len()).unwrap();
    let value: Value = serde_json::from_str(fullest).unwrap();
    format!("{value:#}\n")
}
