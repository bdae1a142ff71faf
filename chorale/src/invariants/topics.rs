//! Invariants of topics: they hold exactly the events of their logs.

use std::collections::HashMap;

use anyhow::Result;
use platform::bus::Browse;
use schemas::{Envelope, StreamId, Topic};

use super::{Findings, Invariant, PAGE, log, walk};
use crate::shop::Shop;

/// Number and sum of the ids of a topic's events. Ids are random or hashes, so two different sets of them practically
/// never have the same sum.
#[derive(Default, PartialEq)]
struct Tally {
    records: u64,
    ids: u128,
}

impl Tally {
    fn add(&mut self, envelope: &Envelope) {
        self.records += 1;
        self.ids = self.ids.wrapping_add(envelope.id.uuid().as_u128());
    }
}

/// Every event of every log is in its topic exactly once, and the events of each key are in order.
pub(super) async fn hold_every_event_once(shop: &Shop) -> Result<Invariant> {
    let mut wrong = Findings::default();
    let mut written: HashMap<Topic, Tally> = HashMap::new();
    for store in &shop.logs {
        walk(log(shop, store.context())?, |stored| {
            match stored.envelope.topic() {
                Some(topic) => written.entry(topic).or_default().add(&stored.envelope),
                None => wrong.add(|| format!("{} has no topic", stored.envelope.token())),
            }
            Ok(())
        })
        .await?;
    }
    let mut records = 0;
    for topic in Topic::ALL {
        let published = browse(shop, topic, &mut wrong).await?;
        let written = written.remove(&topic).unwrap_or_default();
        records += published.records;
        if published != written {
            wrong.add(|| {
                format!(
                    "{topic} has {} records, but its log has {} events",
                    published.records, written.records
                )
            });
        }
    }
    Ok(wrong.result(
        "every log event exactly once in its topic, in order",
        format!("{records} records of {} topics", Topic::ALL.len()),
    ))
}

async fn browse(shop: &Shop, topic: Topic, wrong: &mut Findings) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut versions: HashMap<StreamId, u64> = HashMap::new();
    let mut browse = Browse { limit: PAGE, ..Browse::default() };
    loop {
        let records = shop.bus.browse(topic, &browse).await?;
        for record in &records {
            tally.add(&record.envelope);
            let before =
                versions.insert(record.envelope.stream.clone(), record.envelope.version).unwrap_or(0);
            if record.envelope.version != before + 1 {
                wrong.add(|| format!("{topic}: {} comes after version {before}", record.envelope.token()));
            }
            browse.after.insert(record.partition, record.envelope.position);
        }
        if records.len() < PAGE {
            return Ok(tally);
        }
    }
}
