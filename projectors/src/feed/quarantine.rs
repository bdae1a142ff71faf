//! Events that a projection could not apply, and the events of their streams that wait behind them.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use platform::bus::Record;
use read_models::{EventKey, Generation, QuarantineCount, QuarantinedEvent, Store};
use schemas::Envelope;

use crate::error::ProjectorError;

/// The quarantined events of one generation.
pub(crate) struct Quarantine {
    pub(super) port: Arc<dyn read_models::Quarantine>,
    generation: Generation,
}

impl Quarantine {
    /// Events per call of the store.
    const PAGE: usize = 500;

    pub(crate) fn of(store: &Store, generation: &Generation) -> Self {
        Self { port: Arc::clone(&store.quarantine), generation: generation.clone() }
    }

    /// How many wait, and how many ever did.
    pub(crate) async fn count(&self) -> Result<QuarantineCount, ProjectorError> {
        Ok(self.port.count(&self.generation).await?)
    }

    /// Whether an event was ever quarantined.
    pub(crate) async fn ever(&self) -> Result<bool, ProjectorError> {
        Ok(self.count().await?.ever > 0)
    }

    /// Why the first waiting event could not be applied.
    pub(crate) async fn first_problem(&self) -> Result<Option<String>, ProjectorError> {
        let waiting = self.port.waiting(&self.generation, None, None, Self::PAGE).await?;
        Ok(waiting.into_iter().find_map(|event| event.error))
    }

    /// A page of waiting records, by stream and version, and where the next page begins, if there may be one.
    pub(super) async fn page(
        &self,
        after: Option<&EventKey>,
    ) -> Result<(Vec<Record>, Option<EventKey>), ProjectorError> {
        self.page_of(None, after).await
    }

    async fn page_of(
        &self,
        stream: Option<&str>,
        after: Option<&EventKey>,
    ) -> Result<(Vec<Record>, Option<EventKey>), ProjectorError> {
        let waiting = self.port.waiting(&self.generation, stream, after, Self::PAGE).await?;
        let next = waiting.last().filter(|_| waiting.len() >= Self::PAGE).map(|last| last.key.clone());
        Ok((waiting.into_iter().map(record).collect::<Result<_, _>>()?, next))
    }

    /// The streams with waiting events.
    pub(super) async fn streams(&self) -> Result<BTreeSet<String>, ProjectorError> {
        let (mut streams, mut after) = (BTreeSet::new(), None);
        loop {
            let page = self.port.waiting(&self.generation, None, after.as_ref(), Self::PAGE).await?;
            after = page.last().filter(|_| page.len() >= Self::PAGE).map(|last| last.key.clone());
            streams.extend(page.into_iter().map(|event| event.key.stream));
            if after.is_none() {
                return Ok(streams);
            }
        }
    }

    /// The waiting records of one stream, in order.
    pub(super) async fn of_stream(&self, stream: &str) -> Result<Vec<Record>, ProjectorError> {
        let (mut records, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = self.page_of(Some(stream), after.as_ref()).await?;
            records.extend(page);
            match next {
                Some(next) => after = Some(next),
                None => return Ok(records),
            }
        }
    }

    /// Which of these were ever quarantined.
    pub(super) async fn known<'a>(
        &self,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<HashSet<EventKey>, ProjectorError> {
        if !self.ever().await? {
            return Ok(HashSet::new());
        }
        let keys: Vec<EventKey> = records.map(key).collect();
        Ok(self.port.known(&self.generation, &keys).await?)
    }

    /// Adds records, with the problem or with nothing for one that waits behind another.
    pub(super) async fn add(&self, records: &[(Record, Option<String>)]) -> Result<(), ProjectorError> {
        let events = records.iter().map(|(record, problem)| quarantined(record, problem.clone()));
        Ok(self.port.add(&self.generation, &events.collect::<Result<Vec<_>, _>>()?).await?)
    }

    pub(super) async fn release(&self, records: &[Record]) -> Result<(), ProjectorError> {
        let keys: Vec<EventKey> = records.iter().map(key).collect();
        Ok(self.port.release(&self.generation, &keys).await?)
    }

    /// Deletes all that is known about the generation, which is dropped.
    pub(crate) async fn forget(&self) -> Result<(), ProjectorError> {
        Ok(self.port.forget(&self.generation).await?)
    }
}

pub(super) fn key(record: &Record) -> EventKey {
    EventKey { stream: record.envelope.stream.to_string(), version: record.envelope.version }
}

fn quarantined(record: &Record, error: Option<String>) -> Result<QuarantinedEvent, ProjectorError> {
    Ok(QuarantinedEvent {
        key: key(record),
        topic: record.topic.name().to_owned(),
        partition: record.partition,
        offset: record.offset,
        at: record.envelope.time.to_string(),
        error,
        envelope: serde_json::to_string(&*record.envelope)?,
        payload: record.payload.to_string(),
    })
}

/// The record as it was delivered.
fn record(event: QuarantinedEvent) -> Result<Record, ProjectorError> {
    let broken = || ProjectorError::Quarantined(format!("{}@{}", event.key.stream, event.key.version));
    let envelope: Envelope = serde_json::from_str(&event.envelope).map_err(|_| broken())?;
    Ok(Record {
        topic: event.topic.parse().map_err(|_| broken())?,
        partition: event.partition,
        offset: event.offset,
        envelope: Arc::new(envelope),
        payload: Arc::from(event.payload.as_str()),
    })
}
