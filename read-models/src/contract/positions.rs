//! Positions follow documents.

use platform::bus::Positions;

use super::books::{get, live, positions, put, versioned};
use super::{Broken, Checked, KeyedLocation, ensure};
use crate::port::StoreError;

pub(super) async fn positions_are_never_ahead_of_documents(location: &dyn KeyedLocation) -> Checked {
    const WRITES: u64 = 200;
    let (writer, reader) = (location.open_keyed().await?, location.open_keyed().await?);
    let generation = live(&writer).await?;
    let writing = tokio::spawn({
        let generation = generation.clone();
        async move {
            for version in 1..=WRITES {
                let at = positions(&[(0, version)]);
                writer.keyed.write(&generation, &[versioned("a", version)], &at).await?;
            }
            Ok::<_, StoreError>(())
        }
    });
    let mut seen = 0;
    while seen < WRITES {
        let stopped = writing.is_finished();
        let at = reader.keyed.positions(&generation).await?;
        let position = at.values().next().copied().unwrap_or(0);
        let version = get(&reader, &generation, "a").await?.map_or(0, |document| document.version);
        ensure!(version >= position, "the position is {position} while the document is at {version}");
        ensure!(position >= seen, "the position went back from {seen} to {position}");
        seen = position;
        if stopped {
            break;
        }
    }
    writing.await??;
    ensure!(seen == WRITES, "after the last write the position is {seen}");
    Ok(())
}

pub(super) async fn untouched_partitions_stay(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let beside = store.generations.create(&super::BOOKS).await?;
    let set = async |at: &[(u32, u64)]| -> Result<Positions, Broken> {
        store.keyed.write(&generation, &[], &positions(at)).await?;
        Ok(store.keyed.positions(&generation).await?)
    };
    let now = set(&[(0, 7), (1, 9)]).await?;
    ensure!(now == positions(&[(0, 7), (1, 9)]), "new positions are {now:?}");
    let now = set(&[(1, 10)]).await?;
    ensure!(now == positions(&[(0, 7), (1, 10)]), "one partition was set: {now:?}");
    put(&store, &generation, &[versioned("a", 1)]).await?;
    let now = store.keyed.positions(&generation).await?;
    ensure!(now == positions(&[(0, 7), (1, 10)]), "nothing was set: {now:?}");
    let other = store.keyed.positions(&beside).await?;
    ensure!(other.is_empty(), "another generation got positions: {other:?}");
    Ok(())
}

pub(super) async fn positions_are_set_without_documents(location: &dyn KeyedLocation) -> Checked {
    let store = location.open_keyed().await?;
    let generation = live(&store).await?;
    let at = positions(&[(0, 4)]);
    store.keyed.write(&generation, &[], &at).await?;
    let now = store.keyed.positions(&generation).await?;
    ensure!(now == at, "the position is {now:?}, not 4");
    // A write that is not kept moves the positions, too: it was handled.
    put(&store, &generation, &[versioned("a", 2)]).await?;
    let at = positions(&[(0, 9)]);
    store.keyed.write(&generation, &[versioned("a", 1)], &at).await?;
    let now = store.keyed.positions(&generation).await?;
    ensure!(now == at, "a redelivery did not move the position: {now:?}");
    Ok(())
}

pub(super) async fn positions_never_move_back(location: &dyn KeyedLocation) -> Checked {
    let (member, late) = (location.open_keyed().await?, location.open_keyed().await?);
    let generation = live(&member).await?;
    member.keyed.write(&generation, &[versioned("a", 7)], &positions(&[(0, 7), (1, 3)])).await?;
    // A member that has lost its partition, and finishes a batch that it began before.
    late.keyed.write(&generation, &[versioned("a", 5)], &positions(&[(0, 5), (1, 4)])).await?;
    let now = member.keyed.positions(&generation).await?;
    ensure!(now == positions(&[(0, 7), (1, 4)]), "after 7 and 5, and 3 and 4, the positions are {now:?}");
    Ok(())
}
