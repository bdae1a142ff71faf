//! Local views: learnt once, however often an event comes, and going on where they ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{LocalView, ViewKey, ViewWrite};
use event_log::port::Wanted;
use event_log::request::WriteError;
use platform::bus::Positions;
use platform::shutdown::Shutdown;
use reactors::learner::Learner;
use reactors::runner::RunError;
use schemas::{Context, DecodeError, Envelope, Topic};
use serde_json::{Value, json};

use crate::bench::{Bench, Place, Running, source};

/// Knows how many events each order had, and which was the last.
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

async fn learnt(bench: &Bench, name: &str) -> Value {
    let wanted = ViewKey { view: "counts", key: source(name).to_string() };
    let (_, facts) =
        bench.payments.facts(&Wanted { views: vec![wanted.clone()], ..Wanted::default() }).await.unwrap();
    facts.views.get(&wanted).map_or(Value::Null, |entry| entry.as_ref().clone())
}

async fn learn_everywhere(bench: &Bench) -> Running {
    bench
        .run_everywhere(|process, shutdown| {
            Learner::new(&COUNTS, process.bus, process.writer, process.progress).run(shutdown)
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_is_the_fold_of_what_was_told_whatever_is_repeated_and_whenever_it_is_killed() {
    for place in Place::ALL {
        let bench = Bench::new(place).await;
        for round in 1..=4 {
            for _ in 0..5 {
                bench.publish(&["a", "b"]).await;
            }
            let learning = learn_everywhere(&bench).await;
            bench.until("it is learnt", async || learnt(&bench, "b").await["last"] == json!(5 * round)).await;
            if round % 2 == 0 { learning.stop().await } else { learning.kill().await }
        }
        bench.progress.join("counts", Context::Payments, &[Topic::ORDER], Positions::new());
        let learning = learn_everywhere(&bench).await;
        bench.done_by("counts").await;
        learning.stop().await;
        // One of twenty could not be read, and was passed over.
        for name in ["a", "b"] {
            assert_eq!(learnt(&bench, name).await, json!({ "last": 20, "count": 19 }), "{place:?}: {name}");
        }
    }
}

/// Two processes that both believe to have the partitions, as around a rebalance: no entry goes back, none is counted twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_learnt_by_two_at_once_is_the_fold_of_what_was_told() {
    for place in Place::SHARED {
        let bench = Bench::new(place).await;
        let shutdown = Shutdown::new();
        let learners: Vec<_> = (0..2)
            .map(|_| {
                let (bus, writer) = (Arc::clone(&bench.bus), bench.writer.clone());
                let (progress, shutdown) = (bench.progress.clone(), shutdown.clone());
                tokio::spawn(async move {
                    let mut overtaken = 0;
                    loop {
                        let learner =
                            Learner::new(&COUNTS, Arc::clone(&bus), writer.clone(), progress.clone());
                        match learner.run(shutdown.clone()).await {
                            Ok(()) => return overtaken,
                            Err(RunError::Write(WriteError::Overtaken)) => overtaken += 1,
                            Err(error) => panic!("{error:?}"),
                        }
                    }
                })
            })
            .collect();
        for _ in 0..20 {
            bench.publish(&["a", "b"]).await;
        }
        bench.until("it is learnt", async || learnt(&bench, "b").await["last"] == json!(20)).await;
        bench.until("it is learnt", async || learnt(&bench, "a").await["last"] == json!(20)).await;
        shutdown.begin();
        let mut overtaken = 0;
        for learner in learners {
            overtaken += learner.await.unwrap();
        }
        assert!(overtaken > 0, "nobody was in the way of the other");
        for name in ["a", "b"] {
            assert_eq!(learnt(&bench, name).await, json!({ "last": 20, "count": 19 }), "{place:?}");
        }
    }
}
