//! A sample of every kind of document, checked in. Documents are a stored format: what was written must be read for ever
//! within a shape.

use std::path::PathBuf;

use projectors::Indigestible;
use read_models::Stored;
use read_models::documents::{held_events::HeldEvent, rebuilds::Rebuild, sources::Source};
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

/// What today's program reads and writes again.
fn reread(name: &str, golden: &str) -> Result<String, Indigestible> {
    fn of<D: DeserializeOwned + Serialize>(golden: &str) -> Result<String, Indigestible> {
        Ok(serde_json::to_string(&serde_json::from_str::<D>(golden)?)?)
    }
    match name {
        "held_events" => of::<HeldEvent>(golden),
        "rebuilds" => of::<Rebuild>(golden),
        "sources" => of::<Source>(golden),
        name => projectors::projections::named(name)
            .unwrap_or_else(|| panic!("{name} has no projection"))
            .reread(golden),
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
        let now = reread(name, &golden).map_or(Value::Null, |now| serde_json::from_str(&now).unwrap());
        let golden: Value = serde_json::from_str(&golden).unwrap();
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
