use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use decider::ViewWrite;
use futures_util::future::{try_join, try_join_all};
use serde_json::json;

use super::draft::Draft;
use super::snapshot::{everything, stream, view};
use super::{Checked, LogUnderTest, ensure, same};
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
async fn race(logs: &dyn LogUnderTest) -> Checked {
    let logs = [logs.open().await?, logs.open().await?];
    let tasks = (0..TASKS).map(|task| tokio::spawn(append_some(logs[task % 2].clone(), task)));
    let ended = try_join_all(tasks).await?;
    ended.into_iter().collect()
}

pub(super) async fn racing_processes_lose_and_duplicate_nothing(logs: &dyn LogUnderTest) -> Checked {
    race(logs).await?;
    let log = logs.open().await?;
    let events = everything(&*log).await?;
    same(&events.len(), &(2 * TASKS * EACH), "the number of events")?;
    let positions = events.iter().map(|event| event.envelope.position);
    ensure(positions.eq(1..=events.len() as u64), "the positions have gaps")?;
    let hot = events.iter().filter(|event| event.envelope.stream == stream("order-hot"));
    ensure(hot.map(|event| event.envelope.version).eq(1..=(TASKS * EACH) as u64), "the versions have gaps")?;
    let streams: BTreeSet<_> = events.iter().map(|event| &event.envelope.stream).collect();
    same(&streams.len(), &(TASKS * EACH + 1), "the number of streams")
}

pub(super) async fn a_reader_by_position_never_misses_an_event(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
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
    try_join(race(logs), reader).await.map(drop)
}

pub(super) async fn facts_belong_to_the_head_that_is_returned_with_them(logs: &dyn LogUnderTest) -> Checked {
    const COMMITS: u64 = 60;
    let (log, other) = (logs.open().await?, logs.open().await?);
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
