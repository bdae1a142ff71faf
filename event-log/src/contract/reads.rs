use std::collections::BTreeMap;

use schemas::{StreamId, Timestamp};
use uuid::Uuid;

use super::draft::Draft;
use super::snapshot::{Snapshot, done, everything, full, stream};
use super::{Broken, Checked, LogUnderTest, ensure, same};
use crate::port::{Log, Read};

/// Streams and versions of the events that are read.
async fn found(log: &dyn Log, what: Read<'_>, limit: usize) -> Result<Vec<String>, Broken> {
    Ok(log.read(what, limit).await?.iter().map(|event| event.envelope.token()).collect())
}

fn tokens(tokens: &[&str]) -> Vec<String> {
    tokens.iter().map(ToString::to_string).collect()
}

async fn seven(log: &dyn Log) -> Checked {
    let draft = Draft::now(log)
        .await?
        .event("order-1", 1)
        .event("order-2", 1)
        .event("order-1", 2)
        .event("order-10", 1);
    done(&draft, log).await?;
    let draft = Draft::now(log).await?.event("order-2", 2).event("order-1", 3).event("categories", 1);
    done(&draft, log).await.map(drop)
}

pub(super) async fn events_are_counted_by_prefix(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    same(&log.counts().await?, &BTreeMap::new(), "the counts of an empty log")?;
    seven(&*log).await?;
    done(&Draft::now(&*log).await?.event("order-x-y", 1).event("payment-1", 1), &*log).await?;
    let wanted = [("order", (7, 8)), ("categories", (1, 7)), ("payment", (1, 9))];
    same(&log.counts().await?, &wanted.into_iter().map(|(p, c)| (p.to_owned(), c)).collect(), "the counts")
}

pub(super) async fn events_are_read_by_position(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    same(&found(&*log, Read::After(0), 10).await?, &vec![], "an empty log")?;
    seven(&*log).await?;
    let all = tokens(&[
        "order-1@1",
        "order-2@1",
        "order-1@2",
        "order-10@1",
        "order-2@2",
        "order-1@3",
        "categories@1",
    ]);
    same(&found(&*log, Read::After(0), 10).await?, &all, "everything")?;
    same(&found(&*log, Read::After(2), 3).await?, &all[2..5].to_vec(), "a page")?;
    same(&found(&*log, Read::After(7), 3).await?, &vec![], "events after the end")?;
    same(&found(&*log, Read::After(u64::MAX), 3).await?, &vec![], "events after the highest position")
}

pub(super) async fn events_are_read_by_stream(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    seven(&*log).await?;
    let one = |after| [(stream("order-1"), after)];
    same(
        &found(&*log, Read::Streams(&one(0)), 10).await?,
        &tokens(&["order-1@1", "order-1@2", "order-1@3"]),
        "a stream",
    )?;
    same(&found(&*log, Read::Streams(&one(1)), 1).await?, &tokens(&["order-1@2"]), "a stream's next event")?;
    same(&found(&*log, Read::Streams(&one(3)), 1).await?, &vec![], "events after the end of a stream")?;
    let several: Vec<(StreamId, u64)> = [("order-2", 0), ("order-1", 1), ("order-7", 0), ("order-2", 1)]
        .map(|(name, after)| (stream(name), after))
        .to_vec();
    let wanted = tokens(&["order-2@1", "order-1@2", "order-2@2", "order-1@3"]);
    same(&found(&*log, Read::Streams(&several), 10).await?, &wanted, "several streams")?;
    same(
        &found(&*log, Read::Streams(&several), 2).await?,
        &wanted[..2].to_vec(),
        "the first of several streams",
    )?;
    same(&found(&*log, Read::Streams(&[]), 10).await?, &vec![], "no streams")
}

pub(super) async fn events_are_read_by_flow(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let flow = Uuid::from_u128(42);
    let with = |mut draft: Draft, correlation| {
        draft.correlation = correlation;
        draft
    };
    let draft = with(Draft::now(&*log).await?, flow).event("order-1", 1);
    let draft = with(with(draft, Uuid::from_u128(43)).event("order-2", 1), flow).event("payment-1", 1);
    done(&draft, &*log).await?;
    done(&with(Draft::now(&*log).await?, flow).event("order-1", 2), &*log).await?;
    let wanted = tokens(&["order-1@1", "payment-1@1", "order-1@2"]);
    same(&found(&*log, Read::Correlation(flow), 10).await?, &wanted, "a flow")?;
    same(&found(&*log, Read::Correlation(flow), 2).await?, &wanted[..2].to_vec(), "the beginning of a flow")?;
    same(&found(&*log, Read::Correlation(Uuid::from_u128(44)), 2).await?, &vec![], "an unknown flow")
}

pub(super) async fn events_are_stored_byte_by_byte(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    let payloads = [
        "{}",
        " {\t\"b\" : 1.50 ,\r\n\"a\":1e2 , \"a\" : 2 } ",
        "{\"t\":\"Ä ß 茶 \u{1F375} \\u00e4 \\ud83c\\udf75 \\/ \\n \u{2028} e\u{301}\"}",
        "{\"n\":123456789012345678901234567890.10}",
        "'); DROP TABLE events; --",
    ];
    let mut draft = Draft::now(&*log).await?;
    for (number, payload) in payloads.iter().enumerate() {
        draft = draft.envelope(&format!("order-Ü '\" {number}"), 1, payload, |envelope| {
            envelope.traceparent = (number % 2 == 1).then(|| format!("00-{number}"));
            envelope.time = Timestamp::from_millis(if number == 0 { -1 } else { i64::MAX });
            envelope.type_version = u32::MAX;
            envelope.causation = Uuid::max();
        });
    }
    let long = format!("{{\"long\":\"{}\"}}", "x".repeat(1 << 20));
    draft = draft.payload("order-long", 1, &long);
    done(&draft, &*log).await?;
    let events = everything(&*log).await?;
    let drafted = draft.batch.writes.iter().flat_map(|write| write.events.iter());
    ensure(drafted.eq(events.iter()), "the events differ from those that were stored")
}

pub(super) async fn events_are_neither_changed_nor_deleted(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    seven(&*log).await?;
    let before = Snapshot::of(&*log, &[]).await?;
    let statements = [
        "UPDATE events SET payload = '{}' WHERE position = 3",
        "UPDATE events SET hash = hash",
        "DELETE FROM events WHERE position = 7",
        "DELETE FROM events",
        "TRUNCATE TABLE events",
    ];
    for statement in statements {
        ensure(logs.raw(statement).await.is_err(), format!("not refused: {statement}"))?;
    }
    same(&Snapshot::of(&*log, &[]).await?, &before, "the log after the attempts to change it")
}

pub(super) async fn everything_is_there_after_reopening(logs: &dyn LogUnderTest) -> Checked {
    let tags = ["one", "two"];
    let log = logs.open().await?;
    let draft = full(Draft::now(&*log).await?, "one").and_write();
    done(&full(draft, "two"), &*log).await?;
    let before = Snapshot::of(&*log, &tags).await?;
    before.is_full(tags.len())?;
    drop(log);
    let log = logs.open().await?;
    same(&Snapshot::of(&*log, &tags).await?, &before, "the log after reopening")?;
    done(&Draft::on(log.context(), before.head).event("order-one", 2), &*log).await.map(drop)
}
