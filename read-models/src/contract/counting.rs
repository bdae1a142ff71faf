//! Counts.

use serde_json::json;

use super::books::{deletion, live, put, write};
use super::{Checked, KeyedStore, Location, ensure};
use crate::port::{Filter, Value};

pub(super) async fn counting_stops_at_its_limit(location: &dyn Location) -> Checked {
    let store = location.open().await?;
    let keyed = KeyedStore::from(store.clone());
    let generation = live(&keyed).await?;
    let mut writes: Vec<_> = (0..50)
        .map(|number| {
            let state = if number % 5 == 0 { "new" } else { "old" };
            write(&number.to_string(), 1, &json!({ "state": state }))
        })
        .collect();
    writes.push(deletion("gone", 1));
    put(&keyed, &generation, &writes).await?;
    let new = [Filter::In("state", vec![Value::Text("new".to_owned())])];
    for (filters, limit, expected) in [
        (&[][..], u64::MAX, 50),
        (&[][..], 50, 50),
        (&[][..], 49, 49),
        (&new[..], 1_000, 10),
        (&new[..], 3, 3),
        (&new[..], 0, 0),
    ] {
        let counted = store.queries.count(&generation, filters, limit).await?;
        ensure!(counted == expected, "counting {filters:?} up to {limit} gives {counted}, not {expected}");
    }
    Ok(())
}
