//! Documents by id.

use super::books::{deletion, live, put, stored, versioned};
use super::{Checked, KeyedLocation, ensure};
use crate::port::Write;

/// As `serde_json` prints it.
const CANONICAL: &str =
    r#"{"title":"é\"\\\n","z":[1.5,1000.0,-9223372036854775808,null,true,{}],"a.b":{"$c":"","100%":[]}}"#;

pub(super) async fn loading_keeps_the_order_and_answers_tombstones(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let strange = "Ünïcode \"quoted\" 'single' \\ \u{1f375}";
    let writes = [
        versioned("b", 1),
        deletion("gone", 4),
        Write { stale: true, ..versioned("a", 2) },
        versioned(strange, 1),
        // A canonical text is kept byte by byte.
        Write { body: Some(CANONICAL.to_owned()), ..versioned("text", 1) },
    ];
    put(&store, &generation, &writes).await?;
    let asked = ["text", "a", "unknown", "b", "gone", strange, "a"].map(str::to_owned);
    let loaded = store.keyed.load(&generation, &asked).await?;
    let expected: Vec<_> =
        asked.iter().map(|id| writes.iter().find(|write| write.id == *id).map(stored)).collect();
    ensure!(loaded == expected, "asked for {asked:?}, got {loaded:?}");
    let nothing = store.keyed.load(&generation, &[]).await?;
    ensure!(nothing.is_empty(), "asked for nothing, got {nothing:?}");
    Ok(())
}
