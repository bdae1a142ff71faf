//! The contract of publishers. A backend's test passes its factory: `assert_eq!(publisher_breaches(&factory).await, NONE)`.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{BoxFuture, join_all};
use schemas::topics::PARTITIONS;
use schemas::{Context, Timestamp, Topic};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use super::{AnyError, Broken, CLAUSE_PATIENCE, Checked, SOON, ensure};
use crate::bus::publisher::{Mark, Outgoing, PublishError, Publisher};

/// Creates the topics under test. All are empty and independent of each other.
#[async_trait]
pub trait PublisherFactory: Send + Sync {
    /// New topics with [`PARTITIONS`] partitions each.
    async fn fresh(&self) -> Result<Box<dyn TopicsUnderTest>, AnyError>;
}

/// Topics, the publishers that write them, and a reader of committed records.
#[async_trait]
pub trait TopicsUnderTest: Send + Sync {
    fn publisher(&self, context: Context) -> Box<dyn Publisher>;

    /// The committed records of a partition, from its beginning to its current end.
    async fn visible(&self, topic: Topic, partition: u32) -> Result<Vec<Seen>, AnyError>;

    /// Takes over with a publisher whose process dies after all records are sent and before the transaction is committed.
    async fn crash(&self, context: Context, records: &[Outgoing], mark: &Mark) -> Result<(), AnyError>;
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

type Clause = (&'static str, for<'t> fn(&'t dyn TopicsUnderTest) -> BoxFuture<'t, Checked>);

const CLAUSES: &[Clause] = &[
    ("a publisher that takes over finds the mark of the last transaction", |topics| {
        Box::pin(marks_survive(topics))
    }),
    ("records are published unchanged and in order", |topics| Box::pin(records_arrive(topics))),
    ("a mark can move without records", |topics| Box::pin(marks_alone(topics))),
    ("a stale publisher is refused, and none of its records is visible", |topics| {
        Box::pin(stale_ones(topics))
    }),
    ("publishers of other contexts are not affected", |topics| Box::pin(contexts_are_apart(topics))),
    ("a transaction with a refused record leaves nothing", |topics| Box::pin(refused(topics))),
    ("a crash before the commit leaves nothing, and the next publisher continues", |topics| {
        Box::pin(crashes(topics))
    }),
];

/// The promises that the factory's publishers break, and how.
pub async fn publisher_breaches(factory: &dyn PublisherFactory) -> Vec<String> {
    let checks = CLAUSES.iter().map(|(name, clause)| async move {
        let checked = async { clause(&*factory.fresh().await.map_err(Broken::SetUp)?).await };
        let result = timeout(CLAUSE_PATIENCE, checked)
            .await
            .unwrap_or(Err(Broken::Promise("the check timed out".to_owned())));
        result.err().map(|broken| format!("{name}: {broken}"))
    });
    join_all(checks).await.into_iter().flatten().collect()
}

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
            let mut seen = topics.visible(topic, partition).await.map_err(Broken::SetUp)?;
            while seen.len() < expected.len() && expected.starts_with(&seen) && Instant::now() < deadline {
                tokio::time::sleep(AGAIN).await;
                seen = topics.visible(topic, partition).await.map_err(Broken::SetUp)?;
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

async fn marks_survive(topics: &dyn TopicsUnderTest) -> Checked {
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

async fn records_arrive(topics: &dyn TopicsUnderTest) -> Checked {
    let mut publisher = topics.publisher(Context::Ordering);
    publisher.take_over().await?;
    let records = some(1, 2_000);
    publisher.publish(&records[..3], &mark(Context::Ordering, 3)).await?;
    ensure_seen(topics, &records[..3]).await?;
    publisher.publish(&records[3..], &mark(Context::Ordering, 2_000)).await?;
    ensure_seen(topics, &records).await
}

async fn marks_alone(topics: &dyn TopicsUnderTest) -> Checked {
    let mut publisher = topics.publisher(Context::Ordering);
    publisher.take_over().await?;
    publisher.publish(&some(1, 4), &mark(Context::Ordering, 4)).await?;
    let later = Mark { as_of: Timestamp::from_millis(1_800_000_000_000), ..mark(Context::Ordering, 4) };
    publisher.publish(&[], &later).await?;
    ensure_seen(topics, &some(1, 4)).await?;
    ensure(topics.publisher(Context::Ordering).take_over().await? == Some(later), "the mark did not move")
}

async fn stale_ones(topics: &dyn TopicsUnderTest) -> Checked {
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

async fn contexts_are_apart(topics: &dyn TopicsUnderTest) -> Checked {
    let mut ordering = topics.publisher(Context::Ordering);
    ordering.take_over().await?;
    let mut payments = topics.publisher(Context::Payments);
    payments.take_over().await?;
    ordering.publish(&some(1, 6), &mark(Context::Ordering, 6)).await?;
    payments.publish(&[record(Topic::PAYMENT, 0, 1)], &mark(Context::Payments, 1)).await?;
    ordering.publish(&some(7, 6), &mark(Context::Ordering, 12)).await?;
    ensure_seen(topics, &some(1, 12)).await
}

async fn refused(topics: &dyn TopicsUnderTest) -> Checked {
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

async fn crashes(topics: &dyn TopicsUnderTest) -> Checked {
    let mut publisher = topics.publisher(Context::Ordering);
    publisher.take_over().await?;
    publisher.publish(&some(1, 6), &mark(Context::Ordering, 6)).await?;
    drop(publisher);
    for _ in 0..2 {
        topics
            .crash(Context::Ordering, &some(7, 12), &mark(Context::Ordering, 18))
            .await
            .map_err(Broken::SetUp)?;
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
