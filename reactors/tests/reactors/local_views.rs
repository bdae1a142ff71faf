//! Local views apply each event once, however often it is delivered, and resume where they stopped.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{LocalView, ViewKey, ViewWrite};
use event_log::port::{Read, Wanted};
use event_log::request::WriteError;
use platform::bus::Positions;
use platform::shutdown::Shutdown;
use reactors::local_view_updater::LocalViewUpdater;
use reactors::progress::Event;
use reactors::runner::RunError;
use schemas::{Context, DecodeError, Envelope, Topic};
use serde_json::{Value, json};

use crate::harness::{Harness, Running, SOON, Setup, source};

/// Counts the events of each order, and keeps the version of the last one.
static COUNTS: LocalView = LocalView { name: "counts", topics: &[Topic::ORDER], reads, learn };

fn key(envelope: &Envelope) -> ViewKey {
    ViewKey { view: "counts", key: envelope.stream.to_string() }
}

fn reads(envelope: &Envelope) -> Vec<ViewKey> {
    vec![key(envelope)]
}

fn learn(
    entries: &BTreeMap<ViewKey, Value>,
    envelope: &Envelope,
    payload: &str,
) -> Result<Vec<ViewWrite>, DecodeError> {
    let known = entries.get(&key(envelope));
    let last = known.map_or(0, |entry| entry["last"].as_u64().unwrap());
    if envelope.version <= last {
        return Ok(Vec::new());
    }
    if payload.contains("Number 3.") {
        return Err(DecodeError::UnknownEvent { aggregate: "order", name: "Tested".to_owned() });
    }
    let count = known.map_or(0, |entry| entry["count"].as_u64().unwrap()) + 1;
    Ok(vec![ViewWrite {
        key: key(envelope),
        value: Some(json!({ "last": envelope.version, "count": count })),
    }])
}

async fn entry(harness: &Harness, name: &str) -> Value {
    let wanted = ViewKey { view: "counts", key: source(name).to_string() };
    let (_, facts) =
        harness.payments.facts(&Wanted { views: vec![wanted.clone()], ..Wanted::default() }).await.unwrap();
    facts.views.get(&wanted).map_or(Value::Null, |entry| entry.as_ref().clone())
}

async fn update_everywhere(harness: &Harness) -> Running {
    harness
        .run_everywhere(|process, shutdown| {
            LocalViewUpdater::new(&COUNTS, process.bus, process.writer, process.progress).run(shutdown)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_the_fold_of_its_events_despite_repeated_deliveries_and_kills() {
    for setup in Setup::ALL {
        let harness = Harness::new(setup).await;
        for round in 1..=4 {
            for _ in 0..5 {
                harness.publish(&["a", "b"]).await;
            }
            let learning = update_everywhere(&harness).await;
            harness
                .until("the view has caught up", async || {
                    entry(&harness, "b").await["last"] == json!(5 * round)
                })
                .await;
            if round % 2 == 0 { learning.stop().await } else { learning.kill().await }
        }
        harness.progress.join("counts", Context::Payments, &[Topic::ORDER], Positions::new());
        let learning = update_everywhere(&harness).await;
        harness.done_by("counts").await;
        learning.stop().await;
        // One of twenty could not be applied, and was skipped.
        for name in ["a", "b"] {
            assert_eq!(entry(&harness, name).await, json!({ "last": 20, "count": 19 }), "{setup:?}: {name}");
        }
    }
}

/// Whether the view has handled the last event of `b`, at most after `patience`.
async fn handled(harness: &Harness, patience: Duration) -> bool {
    let stream = source("b");
    let events = harness.ordering.read(Read::Streams(&[(stream.clone(), 0)]), usize::MAX).await.unwrap();
    let position = events.last().unwrap().envelope.position;
    let event = Event { topic: Topic::ORDER, key: stream.as_str(), position };
    harness.progress.handled(harness.bus.as_ref(), Context::Payments, &event, patience).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_counts_as_handled_is_in_the_view() {
    for setup in Setup::ALL {
        let harness = Harness::new(setup).await;
        harness.progress.join("counts", Context::Payments, &[Topic::ORDER], Positions::new());
        // Version 3 cannot be applied.
        for _ in 0..3 {
            harness.publish(&["a", "b"]).await;
        }
        assert!(!handled(&harness, Duration::ZERO).await, "{setup:?}: nothing runs yet");
        let learning = update_everywhere(&harness).await;
        for version in 4..=12 {
            harness.publish(&["b", "a"]).await;
            assert!(handled(&harness, SOON).await, "{setup:?}");
            assert_eq!(entry(&harness, "b").await["last"], version, "{setup:?}");
        }
        learning.stop().await;
    }
}

/// Both processes assume that they own the partitions, as around a rebalance. No entry goes back, and no event counts twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_two_processes_update_at_once_is_the_fold_of_its_events() {
    for setup in Setup::SHARED {
        let harness = Harness::new(setup).await;
        let shutdown = Shutdown::new();
        let updaters: Vec<_> = (0..2)
            .map(|_| {
                let (bus, writer) = (Arc::clone(&harness.bus), harness.writer.clone());
                let (progress, shutdown) = (harness.progress.clone(), shutdown.clone());
                tokio::spawn(async move {
                    let mut overtaken = 0;
                    loop {
                        let updater = LocalViewUpdater::new(
                            &COUNTS,
                            Arc::clone(&bus),
                            writer.clone(),
                            progress.clone(),
                        );
                        match updater.run(shutdown.clone()).await {
                            Ok(()) => return overtaken,
                            Err(RunError::Write(WriteError::Overtaken)) => overtaken += 1,
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                })
            })
            .collect();
        for _ in 0..20 {
            harness.publish(&["a", "b"]).await;
        }
        harness
            .until("the view has caught up", async || entry(&harness, "b").await["last"] == json!(20))
            .await;
        harness
            .until("the view has caught up", async || entry(&harness, "a").await["last"] == json!(20))
            .await;
        shutdown.begin();
        let mut overtaken = 0;
        for updater in updaters {
            overtaken += updater.await.unwrap();
        }
        assert!(overtaken > 0, "the processes never met");
        for name in ["a", "b"] {
            assert_eq!(entry(&harness, name).await, json!({ "last": 20, "count": 19 }), "{setup:?}");
        }
    }
}
