use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use decider::ViewWrite;
use futures_util::future::{try_join, try_join_all};
use serde_json::json;

use super::draft::Draft;
use super::snapshot::{everything, stream, view};
use super::{Broken, Checked, Harness, ensure, same};
use crate::port::{Committed, Log, Read, Wanted};

const TASKS: usize = 16;
const EACH: usize = 4;

/// Appends an event to `order-hot` and one to a separate stream, and decides again while other writers are faster.
async fn append(log: &dyn Log, own: &str) -> Checked {
    loop {
        let base = log.head().await?;
        let seen = log.read(Read::Streams(&[(stream("order-hot"), 0)]), 10_000).await?;
        let version = seen.last().map_or(0, |event| event.envelope.version);
        if seen.last().is_some_and(|event| event.envelope.position > base.position) {
            continue;
        }
        let draft = Draft::on(log.context(), base).event("order-hot", version + 1).event(own, 1);
        if matches!(draft.commit(log).await?, Committed::Done(_)) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

async fn append_some(log: Arc<dyn Log>, task: usize) -> Checked {
    for turn in 0..EACH {
        append(&*log, &format!("order-{task}-{turn}")).await?;
    }
    Ok(())
}

/// Runs `TASKS` appenders on each of two instances, each in its own task.
async fn race(harness: &Harness<'_>) -> Checked {
    let logs = [harness.open().await?, harness.open().await?];
    let tasks = (0..TASKS).map(|task| tokio::spawn(append_some(logs[task % 2].clone(), task)));
    let ended = try_join_all(tasks).await.map_err(|error| Broken::Promise(error.to_string()))?;
    ended.into_iter().collect()
}

pub(super) async fn on_one_stream(harness: &Harness<'_>) -> Checked {
    race(harness).await?;
    let log = harness.open().await?;
    let events = everything(&*log).await?;
    same(&events.len(), &(2 * TASKS * EACH), "the number of events")?;
    let positions = events.iter().map(|event| event.envelope.position);
    ensure(positions.eq(1..=events.len() as u64), "the positions have gaps")?;
    let hot = events.iter().filter(|event| event.envelope.stream == stream("order-hot"));
    ensure(hot.map(|event| event.envelope.version).eq(1..=(TASKS * EACH) as u64), "the versions have gaps")?;
    let streams: BTreeSet<_> = events.iter().map(|event| &event.envelope.stream).collect();
    same(&streams.len(), &(TASKS * EACH + 1), "the number of streams")
}

pub(super) async fn with_a_reader(harness: &Harness<'_>) -> Checked {
    let log = harness.open().await?;
    let reader = async {
        let mut checkpoint = 0;
        while checkpoint < 2 * (TASKS * EACH) as u64 {
            let page = log.read(Read::After(checkpoint), 7).await?;
            for event in &page {
                same(&event.envelope.position, &(checkpoint + 1), "the position after the checkpoint")?;
                checkpoint += 1;
            }
            if page.is_empty() {
                log.grown(checkpoint, Duration::from_millis(20)).await;
            }
        }
        Ok(())
    };
    try_join(race(harness), reader).await.map(drop)
}

pub(super) async fn with_facts(harness: &Harness<'_>) -> Checked {
    const COMMITS: u64 = 60;
    let (log, other) = (harness.open().await?, harness.open().await?);
    let wanted = Wanted { views: vec![view("count")], ..Wanted::default() };
    let writer = async {
        for number in 1..=COMMITS {
            let write = ViewWrite { key: view("count"), value: Some(json!(number)) };
            let draft =
                Draft::now(&*other).await?.event("order-1", number).beside(|batch| batch.views.push(write));
            ensure(
                matches!(draft.commit(&*other).await?, Committed::Done(_)),
                "a commit was refused without a rival",
            )?;
        }
        Ok(())
    };
    let reader = async {
        loop {
            let (head, facts) = log.facts(&wanted).await?;
            let count = facts.views.get(&view("count")).and_then(|count| count.as_u64()).unwrap_or(0);
            same(&count, &head.position, "the view at the head")?;
            if count == COMMITS {
                return Ok(());
            }
        }
    };
    try_join(writer, reader).await.map(drop)
}
