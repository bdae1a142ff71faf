//! The contract of publishers. `publisher_suite` makes a test of each promise.

use std::time::Duration;

use async_trait::async_trait;
use schemas::topics::PARTITIONS;
use schemas::{Context, Timestamp, Topic};
use tokio::time::Instant;
use uuid::Uuid;

use super::SOON;
use crate::bus::publisher::{Mark, Outgoing, PublishError, Publisher};
use crate::contract::{Broken, Checked, ensure};
use crate::contract_suite;

/// Empty topics with [`PARTITIONS`] partitions each, the publishers that write them, and a reader of committed records.
#[async_trait]
pub trait TopicsUnderTest: Send + Sync {
    fn publisher(&self, context: Context) -> Box<dyn Publisher>;

    /// The committed records of a partition, from its beginning to its current end.
    async fn visible(&self, topic: Topic, partition: u32) -> Result<Vec<Seen>, Broken>;

    /// Takes over with a publisher whose process dies after all records are sent and before the transaction is committed.
    async fn crash(&self, context: Context, records: &[Outgoing], mark: &Mark) -> Result<(), Broken>;
}

/// A record as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub key: String,
    /// Its headers, in order.
    pub headers: Vec<(String, String)>,
    pub payload: String,
    pub time: Timestamp,
}

impl From<&Outgoing> for Seen {
    fn from(record: &Outgoing) -> Self {
        let headers = record.headers.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Self {
            key: record.key.clone(),
            headers: headers.collect(),
            payload: record.payload.to_string(),
            time: record.time,
        }
    }
}

const AGAIN: Duration = Duration::from_millis(20);

contract_suite! { ($crate::bus::contract)
    /// The promises of a publisher.
    PUBLISHER publisher_suite TopicsUnderTest;
    self: a_publisher_that_takes_over_finds_the_mark_of_the_last_transaction,
        records_are_published_unchanged_and_in_order, a_mark_can_move_without_records,
        a_stale_publisher_is_refused_and_none_of_its_records_is_visible, publishers_of_other_contexts_are_not_affected,
        a_transaction_with_a_refused_record_leaves_nothing,
        a_crash_before_the_commit_leaves_nothing_and_the_next_publisher_continues;
}
#[cfg(test)]
pub(crate) use publisher_suite;

fn mark(context: Context, position: u64) -> Mark {
    Mark {
        context,
        epoch: Uuid::from_u128(7),
        position,
        hash: format!("{position:064x}"),
        as_of: Timestamp::from_millis(1_700_000_000_000 + i64::try_from(position).unwrap_or(0)),
    }
}

fn record(topic: Topic, partition: u32, number: u64) -> Outgoing {
    Outgoing {
        topic: topic.name().to_owned(),
        partition,
        key: format!("{}-{partition}", topic.prefix()),
        headers: vec![("content-type", "application/json".to_owned()), ("ce_position", number.to_string())],
        payload: format!(r#"{{"number":{number},"text":"Zwölf Äpfel"}}"#).into(),
        time: Timestamp::from_millis(1_600_000_000_123 + i64::try_from(number).unwrap_or(0)),
    }
}

/// Records of two topics of ordering, in all partitions, with numbers from `first` on.
fn some(first: u64, count: u64) -> Vec<Outgoing> {
    let one = |number: u64| {
        let topic = if number.is_multiple_of(5) { Topic::ORDERING_REACTION } else { Topic::ORDER };
        record(topic, u32::try_from(number).unwrap_or(0) % PARTITIONS, number)
    };
    (first..first + count).map(one).collect()
}

/// Checks that readers see exactly these records in order. Waits, because committed records may become visible a moment
/// later.
async fn ensure_seen(topics: &dyn TopicsUnderTest, published: &[Outgoing]) -> Checked {
    let deadline = Instant::now() + SOON;
    for topic in [Topic::ORDER, Topic::ORDERING_REACTION] {
        for partition in 0..PARTITIONS {
            let here = |record: &&Outgoing| record.topic == topic.name() && record.partition == partition;
            let expected: Vec<Seen> = published.iter().filter(here).map(Seen::from).collect();
            let mut seen = topics.visible(topic, partition).await?;
            while seen.len() < expected.len() && expected.starts_with(&seen) && Instant::now() < deadline {
                tokio::time::sleep(AGAIN).await;
                seen = topics.visible(topic, partition).await?;
            }
            let (there, wanted) = (seen.len(), expected.len());
            ensure(
                seen == expected,
                format!(
                    "{topic}/{partition} has {there} records; they are not the {wanted} that were published"
                ),
            )?;
        }
    }
    Ok(())
}

async fn a_publisher_that_takes_over_finds_the_mark_of_the_last_transaction(
    topics: &dyn TopicsUnderTest,
) -> Checked {
    let mut last = None;
    for round in 1..=3 {
        let mut publisher = topics.publisher(Context::Ordering);
        ensure(publisher.take_over().await? == last, "the mark is not the last one")?;
        for step in 0..3 {
            let mark = mark(Context::Ordering, 10 * round + step);
            publisher.publish(&some(10 * round + step, 1), &mark).await?;
            last = Some(mark);
        }
    }
    let other = topics.publisher(Context::Payments).take_over().await?;
    ensure(other.is_none(), "the mark is that of another context")
}

async fn records_are_published_unchanged_and_in_order(topics: &dyn TopicsUnderTest) -> Checked {
    let mut publisher = topics.publisher(Context::Ordering);
    publisher.take_over().await?;
    let records = some(1, 2_000);
    publisher.publish(&records[..3], &mark(Context::Ordering, 3)).await?;
    ensure_seen(topics, &records[..3]).await?;
    publisher.publish(&records[3..], &mark(Context::Ordering, 2_000)).await?;
    ensure_seen(topics, &records).await
}

async fn a_mark_can_move_without_records(topics: &dyn TopicsUnderTest) -> Checked {
    let mut publisher = topics.publisher(Context::Ordering);
    publisher.take_over().await?;
    publisher.publish(&some(1, 4), &mark(Context::Ordering, 4)).await?;
    let later = Mark { as_of: Timestamp::from_millis(1_800_000_000_000), ..mark(Context::Ordering, 4) };
    publisher.publish(&[], &later).await?;
    ensure_seen(topics, &some(1, 4)).await?;
    ensure(topics.publisher(Context::Ordering).take_over().await? == Some(later), "the mark did not move")
}

async fn a_stale_publisher_is_refused_and_none_of_its_records_is_visible(
    topics: &dyn TopicsUnderTest,
) -> Checked {
    let (mut old, mut new) = (topics.publisher(Context::Ordering), topics.publisher(Context::Ordering));
    old.take_over().await?;
    old.publish(&some(1, 6), &mark(Context::Ordering, 6)).await?;
    ensure(
        new.take_over().await? == Some(mark(Context::Ordering, 6)),
        "the new publisher does not find the mark",
    )?;
    let stale = old.publish(&some(7, 6), &mark(Context::Ordering, 12)).await;
    ensure(matches!(stale, Err(PublishError::Fenced)), format!("the stale publisher got {stale:?}"))?;
    ensure_seen(topics, &some(1, 6)).await?;
    let reread = topics.publisher(Context::Ordering).take_over().await?;
    ensure(
        reread == Some(mark(Context::Ordering, 6)),
        format!("the mark is that of the stale publisher: {reread:?}"),
    )?;
    let mut new = topics.publisher(Context::Ordering);
    new.take_over().await?;
    new.publish(&some(7, 3), &mark(Context::Ordering, 9)).await?;
    ensure_seen(topics, &some(1, 9)).await?;
    drop((old, new));
    let last = topics.publisher(Context::Ordering).take_over().await?;
    ensure(last == Some(mark(Context::Ordering, 9)), "the new publisher's mark is lost")
}

async fn publishers_of_other_contexts_are_not_affected(topics: &dyn TopicsUnderTest) -> Checked {
    let mut ordering = topics.publisher(Context::Ordering);
    ordering.take_over().await?;
    let mut payments = topics.publisher(Context::Payments);
    payments.take_over().await?;
    ordering.publish(&some(1, 6), &mark(Context::Ordering, 6)).await?;
    payments.publish(&[record(Topic::PAYMENT, 0, 1)], &mark(Context::Payments, 1)).await?;
    ordering.publish(&some(7, 6), &mark(Context::Ordering, 12)).await?;
    ensure_seen(topics, &some(1, 12)).await
}

async fn a_transaction_with_a_refused_record_leaves_nothing(topics: &dyn TopicsUnderTest) -> Checked {
    let mut publisher = topics.publisher(Context::Ordering);
    publisher.take_over().await?;
    publisher.publish(&some(1, 3), &mark(Context::Ordering, 3)).await?;
    let mut records = some(4, 6);
    records.insert(4, record(Topic::ORDER, PARTITIONS + 3, 99));
    let answer = publisher.publish(&records, &mark(Context::Ordering, 9)).await;
    ensure(matches!(answer, Err(PublishError::Rejected(_))), format!("the publisher got {answer:?}"))?;
    drop(publisher);
    let mut next = topics.publisher(Context::Ordering);
    ensure(
        next.take_over().await? == Some(mark(Context::Ordering, 3)),
        "the mark of the refused transaction was stored",
    )?;
    next.publish(&some(4, 6), &mark(Context::Ordering, 9)).await?;
    ensure_seen(topics, &some(1, 9)).await
}

async fn a_crash_before_the_commit_leaves_nothing_and_the_next_publisher_continues(
    topics: &dyn TopicsUnderTest,
) -> Checked {
    let mut publisher = topics.publisher(Context::Ordering);
    publisher.take_over().await?;
    publisher.publish(&some(1, 6), &mark(Context::Ordering, 6)).await?;
    drop(publisher);
    for _ in 0..2 {
        topics.crash(Context::Ordering, &some(7, 12), &mark(Context::Ordering, 18)).await?;
    }
    let mut next = topics.publisher(Context::Ordering);
    ensure(
        next.take_over().await? == Some(mark(Context::Ordering, 6)),
        "the mark of the lost transaction was stored",
    )?;
    ensure_seen(topics, &some(1, 6)).await?;
    next.publish(&some(7, 5), &mark(Context::Ordering, 11)).await?;
    ensure_seen(topics, &some(1, 11)).await
}
