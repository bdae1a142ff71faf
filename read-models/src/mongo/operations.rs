//! Operational state.

use std::collections::HashSet;

use async_trait::async_trait;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;

use super::error::unreadable;
use super::{Mongo, body, bulk, name};
use crate::backend::{encoding, number, whole};
use crate::port::{
    EventKey, Generation, Quarantine, QuarantineCount, QuarantinedEvent, Rebuild, Rebuilds, Sources,
    StoreError,
};

const QUARANTINE: &str = "quarantine";

#[async_trait]
impl Quarantine for Mongo {
    async fn add(&self, generation: &Generation, events: &[QuarantinedEvent]) -> Result<(), StoreError> {
        let entries = events.iter().map(|event| {
            let entry = entry(generation, event)?;
            // One that is waiting stays as it is.
            let guard = doc! { "_id": id(generation, &event.key), "released": true };
            Ok(bulk::Update { guard, entry, is_first: false })
        });
        let updates = entries.collect::<Result<Vec<_>, StoreError>>()?;
        bulk::upsert(self, QUARANTINE, &updates, "quarantining events").await?;
        Ok(())
    }

    async fn release(&self, generation: &Generation, keys: &[EventKey]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = keys.iter().map(|key| id(generation, key)).collect();
        let released = doc! { "$set": { "released": true } };
        let which = doc! { "_id": { "$in": ids } };
        self.of(QUARANTINE).update_all(which, released, "releasing quarantined events").await
    }

    async fn waiting(
        &self,
        generation: &Generation,
        stream: Option<&str>,
        after: Option<&EventKey>,
        limit: usize,
    ) -> Result<Vec<QuarantinedEvent>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut all = vec![doc! { "generation": name(generation), "released": false }];
        all.extend(stream.map(|stream| doc! { "stream": stream }));
        if let Some(after) = after {
            let version = whole(after.version)?;
            all.push(doc! { "$or": [
                { "stream": { "$gt": &after.stream } },
                { "stream": &after.stream, "version": { "$gt": version } },
            ] });
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let first = FindOptions::builder().sort(doc! { "stream": 1, "version": 1 }).limit(limit).build();
        let found =
            self.of(QUARANTINE).find(doc! { "$and": all }, first, "reading quarantined events").await?;
        found.iter().map(event).collect()
    }

    async fn known(
        &self,
        generation: &Generation,
        keys: &[EventKey],
    ) -> Result<HashSet<EventKey>, StoreError> {
        if keys.is_empty() {
            return Ok(HashSet::new());
        }
        let ids: Vec<String> = keys.iter().map(|key| id(generation, key)).collect();
        let which = doc! { "_id": { "$in": ids } };
        let names = FindOptions::builder().projection(doc! { "stream": 1, "version": 1 }).build();
        let found = self.of(QUARANTINE).find(which, names, "reading quarantined events").await?;
        found.iter().map(key).collect()
    }

    async fn count(&self, generation: &Generation) -> Result<QuarantineCount, StoreError> {
        let operation = "counting quarantined events";
        let all = doc! { "generation": name(generation) };
        let waiting = doc! { "generation": name(generation), "released": false };
        Ok(QuarantineCount {
            waiting: self.of(QUARANTINE).count(waiting.clone(), operation).await?,
            streams: self.of(QUARANTINE).distinct("stream", waiting, operation).await?.len() as u64,
            ever: self.of(QUARANTINE).count(all, operation).await?,
        })
    }

    async fn forget(&self, generation: &Generation) -> Result<(), StoreError> {
        let of = doc! { "generation": name(generation) };
        self.of(QUARANTINE).delete_all(of, "deleting quarantined events").await
    }
}

#[async_trait]
impl Rebuilds for Mongo {
    async fn rebuild(&self, collection: &str) -> Result<Option<(Rebuild, u64)>, StoreError> {
        let found = self.of("rebuilds").get(collection, "reading a rebuild").await?;
        let Some(entry) = found else { return Ok(None) };
        let wrong = unreadable("a rebuild");
        let text =
            body::to_json(entry.get("rebuild").unwrap_or(&Bson::Null)).map_err(encoding("a rebuild"))?;
        let rebuild = serde_json::from_str(&text).map_err(encoding("a rebuild"))?;
        Ok(Some((rebuild, number(entry.get_i64("revision").map_err(wrong)?)?)))
    }

    async fn put_rebuild(&self, rebuild: &Rebuild, expected: u64) -> Result<bool, StoreError> {
        let text = serde_json::to_string(rebuild).map_err(encoding("a rebuild"))?;
        let entry = doc! {
            "_id": &rebuild.collection,
            "revision": whole(expected)? + 1,
            "rebuild": body::to_bson(&text).map_err(encoding("a rebuild"))?,
        };
        if expected == 0 {
            return self.of("rebuilds").insert(entry, "writing a rebuild").await;
        }
        let unchanged = doc! { "_id": &rebuild.collection, "revision": whole(expected)? };
        self.of("rebuilds").replace(unchanged, entry, "writing a rebuild").await
    }
}

#[async_trait]
impl Sources for Mongo {
    async fn claim_source(&self, context: &str, epoch: &str) -> Result<String, StoreError> {
        let entry = doc! { "_id": context, "epoch": epoch };
        if self.of("sources").insert(entry, "recording a source").await? {
            return Ok(epoch.to_owned());
        }
        let entry = self.of("sources").get(context, "reading a source").await?.unwrap_or_default();
        Ok(entry.get_str("epoch").map_err(unreadable("a source"))?.to_owned())
    }
}

fn id(generation: &Generation, key: &EventKey) -> String {
    format!("{}/{}@{}", name(generation), key.stream, key.version)
}

fn entry(generation: &Generation, event: &QuarantinedEvent) -> Result<Document, StoreError> {
    Ok(doc! {
        "_id": id(generation, &event.key),
        "generation": name(generation),
        "stream": &event.key.stream,
        "version": whole(event.key.version)?,
        "released": false,
        "topic": &event.topic,
        "partition": i64::from(event.partition),
        "offset": whole(event.offset)?,
        "at": &event.at,
        "error": event.error.as_deref(),
        "envelope": &event.envelope,
        "payload": &event.payload,
    })
}

fn key(entry: &Document) -> Result<EventKey, StoreError> {
    let wrong = unreadable("a quarantined event");
    Ok(EventKey {
        stream: entry.get_str("stream").map_err(&wrong)?.to_owned(),
        version: number(entry.get_i64("version").map_err(&wrong)?)?,
    })
}

fn event(entry: &Document) -> Result<QuarantinedEvent, StoreError> {
    let wrong = unreadable("a quarantined event");
    let text = |field: &str| entry.get_str(field).map(str::to_owned).map_err(&wrong);
    let whole = |field: &str| number(entry.get_i64(field).map_err(&wrong)?);
    Ok(QuarantinedEvent {
        key: key(entry)?,
        topic: text("topic")?,
        partition: u32::try_from(whole("partition")?).unwrap_or_default(),
        offset: whole("offset")?,
        at: text("at")?,
        error: entry.get("error").and_then(Bson::as_str).map(str::to_owned),
        envelope: text("envelope")?,
        payload: text("payload")?,
    })
}
