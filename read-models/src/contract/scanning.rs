//! Scans.

use futures_util::TryStreamExt;

use super::books::{deletion, live, put, stored, versioned};
use super::{BOOKS, Checked, KeyedLocation, ensure};
use crate::port::{Collection, StoreError, Stored, Write};

/// More than a page of any backend.
const DOCUMENTS: usize = 2_345;

/// A shape that the stores are not opened for.
static UNDECLARED: Collection = Collection { shape: 9, indexes: &[], ..BOOKS };

pub(super) async fn a_scan_has_each_document_once_in_the_order_of_ids(
    location: &dyn KeyedLocation,
) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let nothing: Vec<Stored> = store.scan.scan(&generation).try_collect().await?;
    ensure!(nothing.is_empty(), "a new generation holds {nothing:?}");

    // Not in the order of their ids; every seventh is deleted, every fifth stale.
    let id = |number: usize| format!("{:04}", (number * 997) % DOCUMENTS);
    let write = |number| match number {
        number if number % 7 == 0 => deletion(&id(number), 2),
        number => Write { stale: number % 5 == 0, ..versioned(&id(number), 1 + number as u64 % 3) },
    };
    let writes: Vec<Write> = (0..DOCUMENTS).map(write).collect();
    put(&store, &generation, &writes).await?;
    let beside = store.generations.create(&BOOKS).await?;
    put(&store, &beside, &[versioned("beside", 1)]).await?;

    let mut expected: Vec<Stored> = writes.iter().map(stored).filter(|one| one.body.is_some()).collect();
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    let found: Vec<Stored> = store.scan.scan(&generation).try_collect().await?;
    let wrong = found.iter().zip(&expected).find(|(found, expected)| found != expected);
    ensure!(wrong.is_none(), "the scan has, and should have: {wrong:?}");
    ensure!(found.len() == expected.len(), "the scan has {} documents, not {}", found.len(), expected.len());

    let older = store.generations.create(&UNDECLARED).await?;
    put(&store, &older, &[versioned("older", 1)]).await?;
    let found: Vec<Stored> = store.scan.scan(&older).try_collect().await?;
    ensure!(
        found == [stored(&versioned("older", 1))],
        "the scan of a shape without declaration has {found:?}"
    );
    Ok(())
}

pub(super) async fn a_dropped_generation_is_not_scanned(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    live(&store).await?;
    let dropped = store.generations.create(&BOOKS).await?;
    store.generations.drop_generation(&dropped).await?;
    let scanned: Result<Vec<Stored>, StoreError> = store.scan.scan(&dropped).try_collect().await;
    let gone = matches!(&scanned, Err(StoreError::NoGeneration(which)) if *which == dropped);
    ensure!(gone, "a scan of a dropped generation: {scanned:?}");
    Ok(())
}
