use schemas::Timestamp;

use super::draft::Draft;
use super::snapshot::{done, stream};
use super::{Checked, LogUnderTest, same};
use crate::port::{DueDeadline, Log};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// A draft that sets deadlines: stream, version and instant.
async fn setting(
    log: &dyn Log,
    deadlines: &[(&str, u64, Option<i64>)],
) -> Result<Draft, crate::port::LogError> {
    let mut draft = Draft::now(log).await?;
    for (name, version, millis) in deadlines {
        let deadline = millis.map(|millis| ("expire".to_owned(), at(millis)));
        draft = draft.and_write().with(|write| write.deadlines.push((stream(name), *version, deadline)));
    }
    Ok(draft)
}

fn due(name: &str, version: u64, millis: i64) -> DueDeadline {
    DueDeadline { stream: stream(name), version, kind: "expire".to_owned(), at: at(millis) }
}

pub(super) async fn a_stream_has_one_deadline_the_last_one(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    same(&log.next_due().await?, &None, "the next deadline of an empty log")?;
    let first =
        [("order-1", 1, Some(50)), ("order-2", 1, Some(10)), ("order-1", 2, Some(20)), ("order-3", 1, None)];
    done(&setting(&*log, &first).await?, &*log).await?;
    same(&log.due(at(100), 10).await?, &vec![due("order-2", 1, 10), due("order-1", 2, 20)], "the deadlines")?;
    let second = [
        ("order-2", 2, None),
        ("order-1", 3, None),
        ("order-1", 4, Some(90)),
        ("order-3", 2, Some(95)),
        ("order-3", 3, None),
    ];
    done(&setting(&*log, &second).await?, &*log).await?;
    same(&log.due(at(100), 10).await?, &vec![due("order-1", 4, 90)], "the remaining deadlines")?;
    same(&log.next_due().await?, &Some(at(90)), "the next deadline")?;
    done(&setting(&*log, &[("order-1", 5, None)]).await?, &*log).await?;
    same(&log.next_due().await?, &None, "the next deadline when none is left")
}

pub(super) async fn deadlines_are_returned_earliest_first(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let set = [
        ("order-1", 1, Some(30)),
        ("order-2", 1, Some(-5)),
        ("order-3", 1, Some(20)),
        ("order-4", 1, Some(40)),
    ];
    done(&setting(&*log, &set).await?, &*log).await?;
    let passed = vec![due("order-2", 1, -5), due("order-3", 1, 20), due("order-1", 1, 30)];
    same(&log.due(at(30), 10).await?, &passed, "the deadlines that have passed")?;
    same(
        &log.due(at(29), 10).await?,
        &passed[..2].to_vec(),
        "the deadlines that had passed a moment before",
    )?;
    same(&log.due(at(100), 1).await?, &passed[..1].to_vec(), "the first of all")?;
    same(&logs.open().await?.next_due().await?, &Some(at(-5)), "the next deadline, read by another process")
}
