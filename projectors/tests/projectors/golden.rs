//! A checked-in sample of every kind of document. Documents are a stored format: within a shape, old ones stay readable.

use std::path::PathBuf;

use read_models::Stored;
use serde_json::Value;

use crate::history::history;
use crate::shop::Shop;

/// Whether `new` has every field of `old` with the same value; it may have more.
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
            shop.bus.put(&records);
            shop.settled().await;
            std::fs::write(&file, fullest(&shop.documents().await)).unwrap();
        }
        let golden = std::fs::read_to_string(&file).unwrap_or_else(|error| {
            panic!(
                "{}: {error}; UPDATE_CONTRACTS=1 cargo test -p projectors golden writes it",
                file.display()
            )
        });
        let projection = projection.unwrap_or_else(|| panic!("{name} has no projection"));
        let now = projection.reread(&golden).map_or(Value::Null, |now| serde_json::from_str(&now).unwrap());
        let golden: Value = serde_json::from_str(&golden).unwrap();
        assert!(
            says_as_much(&golden, &now),
            "documents of {name} changed their shape. Raise the collection's shape and write its golden file with \
             UPDATE_CONTRACTS=1 cargo test -p projectors golden; the old file goes with its shape.\n{golden:#}\n{now:#}"
        );
    }
}

fn fullest(documents: &[Stored]) -> String {
    let bodies = documents.iter().filter_map(|one| one.body.as_deref());
    let fullest = bodies.max_by_key(|body| body.len()).unwrap();
    let value: Value = serde_json::from_str(fullest).unwrap();
    format!("{value:#}\n")
}
