use std::sync::Arc;
use std::time::Duration;

use event_log::relay::{Options, Sign};
use schemas::audit::{LogHead, LogHeadSigned};
use schemas::topics::AUDIT_TOPIC;

use super::harness::*;

fn sign() -> Sign {
    Arc::new(|head: LogHead| {
        let signature = format!("over {}", head.text());
        LogHeadSigned { head, key_id: "0123456789abcdef".to_owned(), signature }
    })
}

async fn heads(every: Duration, events: u64) -> (Harness, Vec<LogHeadSigned>) {
    let harness = Harness::new().await;
    append(harness.log.as_ref(), &["order-a"; 30]).await;
    let options = Options { heads_every: every, heads_events: events, ..options() };
    let running = start(harness.relay(options).signing(sign()));
    harness.relayed().await;
    running.stop().await;
    let signed = harness.topics.all(AUDIT_TOPIC);
    let signed = signed.iter().map(|record| LogHeadSigned::decode(&record.payload).unwrap()).collect();
    (harness, signed)
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_signed_after_a_number_of_events_and_match_the_log() {
    let (harness, signed) = heads(Duration::from_hours(1), 10).await;
    let positions: Vec<u64> = signed.iter().map(|signed| signed.head.position).collect();
    // Pages have 7 events. A relay signs its first page at once, and signs when it stops.
    assert_eq!(positions, [7, 21, 30]);
    for signed in &signed {
        let event =
            &harness.log.read(event_log::port::Read::After(signed.head.position - 1), 1).await.unwrap()[0];
        assert_eq!(signed.head.hash, event.envelope.hash);
        assert_eq!(signed.head.epoch, event.envelope.epoch);
        assert_eq!(signed.signature, format!("over {}", signed.head.text()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_are_signed_after_some_time_if_the_log_has_grown() {
    let (_, signed) = heads(Duration::ZERO, u64::MAX).await;
    let positions: Vec<u64> = signed.iter().map(|signed| signed.head.position).collect();
    assert_eq!(positions, [7, 14, 21, 28, 30]);
}
