//! Positions follow documents.

use std::sync::Arc;

use super::books::{get, live, lost, positions, put, versioned};
use super::{Failure, Place, Verdict, ensure};
use crate::port::{Checkpoint, StoreError};

pub(super) async fn positions_never_stand_before_documents(place: Arc<dyn Place>) -> Verdict {
    const WRITES: u64 = 200;
    let (writer, reader) = (place.open().await?, place.open().await?);
    let generation = live(&writer).await?;
    let writing = tokio::spawn({
        let generation = generation.clone();
        async move {
            for version in 1..=WRITES {
                let at = positions(&[("books/0", version)]);
                writer.documents().write(&generation, &[versioned("a", version)], &at).await?;
            }
            Ok::<_, StoreError>(())
        }
    });
    let mut seen = 0;
    while seen < WRITES {
        let stopped = writing.is_finished();
        let at = reader.documents().positions(&generation).await?;
        let position = at.get("books/0").copied().unwrap_or(0);
        let version = get(&reader, &generation, "a").await?.map_or(0, |document| document.version);
        ensure!(version >= position, "the position is {position} while the document is at {version}");
        ensure!(position >= seen, "the position went back from {seen} to {position}");
        seen = position;
        if stopped {
            break;
        }
    }
    writing.await.map_err(lost)??;
    ensure!(seen == WRITES, "after the last write the position is {seen}");
    Ok(())
}

pub(super) async fn untouched_partitions_stay(place: Arc<dyn Place>) -> Verdict {
    let store = place.open().await?;
    let generation = live(&store).await?;
    let beside = store.generations().create(&super::BOOKS).await?;
    let set = async |at: &[(&str, u64)]| -> Result<Checkpoint, Failure> {
        store.documents().write(&generation, &[], &positions(at)).await?;
        Ok(store.documents().positions(&generation).await?)
    };
    let now = set(&[("books/0", 7), ("books/1", 9)]).await?;
    ensure!(now == positions(&[("books/0", 7), ("books/1", 9)]), "new positions are {now:?}");
    let now = set(&[("books/1", 10)]).await?;
    ensure!(now == positions(&[("books/0", 7), ("books/1", 10)]), "one partition was set: {now:?}");
    put(&store, &generation, &[versioned("a", 1)]).await?;
    let now = store.documents().positions(&generation).await?;
    ensure!(now == positions(&[("books/0", 7), ("books/1", 10)]), "nothing was set: {now:?}");
    let other = store.documents().positions(&beside).await?;
    ensure!(other.is_empty(), "another generation got positions: {other:?}");
    Ok(())
}

pub(super) async fn positions_are_set_without_documents(place: Arc<dyn Place>) -> Verdict {
    let store = place.open().await?;
    let generation = live(&store).await?;
    for position in [4, 2] {
        let at = positions(&[("books/0", position)]);
        let kept = store.documents().write(&generation, &[], &at).await?;
        ensure!(kept.is_empty(), "a write of nothing kept {kept:?}");
        let now = store.documents().positions(&generation).await?;
        ensure!(now == at, "the position is {now:?}, not {position}");
    }
    // What is not kept moves the positions all the same: it was handled.
    put(&store, &generation, &[versioned("a", 2)]).await?;
    let at = positions(&[("books/0", 9)]);
    store.documents().write(&generation, &[versioned("a", 1)], &at).await?;
    let now = store.documents().positions(&generation).await?;
    ensure!(now == at, "a redelivery did not move the position: {now:?}");
    Ok(())
}
