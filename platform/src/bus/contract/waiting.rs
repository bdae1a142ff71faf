//! Promises about waiting.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::bus::Browse;

/// Longer than the test's own limit, so that only a wake-up can end the wait.
const LONG: Duration = Duration::from_secs(3600);
/// Records wake a waiter within this time unless the machine is busy, so one prompt attempt is enough.
const PROMPT: Duration = Duration::from_secs(3);

pub(super) async fn a_waiting_consumer_is_woken_by_a_new_record(bus: &dyn BusUnderTest) -> Checked {
    let order = stream("order-a");
    let mut reader = Reader::join(bus, "woken", Start::Beginning, &Positions::new()).await?;
    let mut quickest = LONG;
    for version in 1..=3 {
        reader.read_on().await?;
        let started = Instant::now();
        // The reader is polled first: it waits before anything is published.
        let hear = async {
            while !reader.seen().contains(&(Topic::ORDER, order.clone(), version)) {
                reader.next(5, LONG).await?;
            }
            Checked::Ok(())
        };
        let (heard, published) = tokio::join!(timeout(SOON, hear), bus.publish(Topic::ORDER, &order, 1));
        published?;
        heard.map_err(|_| "it was not woken")??;
        quickest = quickest.min(started.elapsed());
    }
    ensure(quickest < PROMPT, format!("it always took at least {quickest:?}"))
}

pub(super) async fn a_wait_without_records_ends_with_an_empty_delivery(bus: &dyn BusUnderTest) -> Checked {
    let mut reader = Reader::join(bus, "patience", Start::Beginning, &Positions::new()).await?;
    reader.read_on().await?;
    let started = Instant::now();
    let records = timeout(SOON, reader.next(5, QUIET)).await.map_err(|_| "the wait does not end")??;
    ensure(records == 0, "a record arrived that was never published")?;
    // Timers count whole milliseconds.
    ensure(started.elapsed() + Duration::from_millis(5) >= QUIET, "it did not wait as long as allowed")
}

pub(super) async fn a_dropped_call_loses_nothing(bus: &dyn BusUnderTest) -> Checked {
    let all = publish_rounds(bus, 0, 4).await?;
    let mut reader = Reader::join(bus, "cancelled", Start::Beginning, &Positions::new()).await?;
    let deadline = Instant::now() + SOON;
    for attempt in 0.. {
        if all.is_subset(&reader.seen()) {
            break;
        }
        ensure(Instant::now() < deadline, format!("lost: {:?}", all.difference(&reader.seen()).next()))?;
        // Every second call may finish. The others are dropped, each after another number of polls.
        let dropped = async {
            for _ in 0..attempt % 14 {
                tokio::task::yield_now().await;
            }
            if attempt % 2 == 1 {
                std::future::pending::<()>().await;
            }
        };
        let delivery = tokio::select! {
            biased;
            delivery = reader.consumer.next(3, QUIET) => Some(delivery?),
            () = dropped => None,
        };
        delivery.into_iter().for_each(|delivery| reader.keep(delivery));
    }
    in_order(&BTreeSet::new(), reader.records(), bus.redelivers())
}

pub(super) async fn a_wait_for_a_topic_to_grow_ends_when_the_topic_grows(bus: &dyn BusUnderTest) -> Checked {
    let order = stream("order-a");
    let topic_bus = bus.bus();
    timeout(SOON, topic_bus.grown(Topic::PAYMENT, &BTreeMap::new(), QUIET))
        .await
        .map_err(|_| "it waited longer than allowed")??;
    let mut seen = BTreeMap::new();
    for version in 1..=6 {
        // In two of three attempts the record comes, or may come, before the wait begins.
        if version % 3 == 0 {
            bus.publish(Topic::ORDER, &order, 1).await?;
        }
        let hear = timeout(SOON, topic_bus.grown(Topic::ORDER, &seen, LONG));
        let publish = async {
            if version % 3 == 0 {
                return Ok(());
            }
            // Records of other topics must not end the wait.
            bus.publish(Topic::STOCK, &stream("stock-x"), 1).await?;
            bus.publish(Topic::ORDER, &order, 1).await
        };
        let (heard, published) = tokio::join!(hear, publish);
        published?;
        heard.map_err(|_| "it was not woken")??;
        let browse = Browse { after: seen.clone(), limit: 10, ..Browse::default() };
        let news = topic_bus.browse(Topic::ORDER, &browse).await?;
        ensure(
            news.len() == 1,
            format!("the wait ended without records, or too late: {} records", news.len()),
        )?;
        seen.extend(news.iter().map(|record| (record.partition, record.position())));
    }
    Ok(())
}
