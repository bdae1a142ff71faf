//! Events that wait because they, or one before them, could not be digested.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use platform::bus::Record;
use read_models::documents::held_events::{HELD_EVENTS, HeldEvent};
use read_models::{Checkpoint, Document, Filter, Generation, Place, Query, Store, Value, Write};
use schemas::Envelope;

use crate::error::ProjectorError;
use crate::projection::Projection;

/// Held events of one generation.
pub(crate) struct Held {
    store: Store,
    /// Of the held events themselves.
    generation: Generation,
    projection: &'static str,
    feed: String,
}

impl Held {
    /// How many are read at once.
    const PAGE: usize = 500;

    pub(crate) async fn open(
        store: &Store,
        projection: &'static Projection,
        of: &Generation,
    ) -> Result<Self, ProjectorError> {
        let generation = store.generations().live(&HELD_EVENTS).await?;
        let feed = format!("{}.{}.{}", of.collection, of.shape, of.number);
        Ok(Self { store: store.clone(), generation, projection: projection.name(), feed })
    }

    pub(super) fn id(&self, record: &Record) -> String {
        format!("{}/{:010}", self.queue_of(record.envelope.stream.as_str()), record.envelope.version)
    }

    fn queue_of(&self, stream: &str) -> String {
        format!("{}/{stream}", self.feed)
    }

    /// How many wait.
    pub(crate) async fn count(&self) -> Result<u64, ProjectorError> {
        let filters = [self.of_feed(), Filter::In("settled", vec![Value::Integer(0)])];
        Ok(self.store.documents().count(&self.generation, &filters, u64::from(u32::MAX)).await?)
    }

    /// Whether an event was ever held.
    pub(crate) async fn ever(&self) -> Result<bool, ProjectorError> {
        Ok(self.store.documents().count(&self.generation, &[self.of_feed()], 1).await? > 0)
    }

    /// What went wrong with the first that waits.
    pub(crate) async fn first_problem(&self) -> Result<Option<String>, ProjectorError> {
        let (found, _) = self.find(None).await?;
        Ok(found.into_iter().find_map(|held| held.error))
    }

    /// A page of what waits, by stream and version; and where the next begins, if there may be one.
    pub(super) async fn page(
        &self,
        after: Option<Place>,
    ) -> Result<(Vec<Record>, Option<Place>), ProjectorError> {
        let (found, next) = self.find(after).await?;
        Ok((found.into_iter().map(record).collect::<Result<_, _>>()?, next))
    }

    async fn find(&self, after: Option<Place>) -> Result<(Vec<HeldEvent>, Option<Place>), ProjectorError> {
        let filters = vec![self.of_feed(), Filter::In("settled", vec![Value::Integer(0)])];
        let query = Query { filters, after, limit: Self::PAGE, ..Query::default() };
        let found = self.store.find::<HeldEvent>(&self.generation, &query).await?;
        let next = found.last().filter(|_| found.len() >= Self::PAGE).map(|(_, place)| place.clone());
        Ok((found.into_iter().filter_map(|(document, _)| document.value).collect(), next))
    }

    /// The streams of which something waits.
    pub(super) async fn streams(&self) -> Result<BTreeSet<String>, ProjectorError> {
        let (mut streams, mut after) = (BTreeSet::new(), None);
        loop {
            let (found, next) = self.find(after).await?;
            streams.extend(found.into_iter().map(|held| held.stream));
            match next {
                Some(next) => after = Some(next),
                None => return Ok(streams),
            }
        }
    }

    /// All of one stream that wait, in their order.
    pub(super) async fn queue(&self, stream: &str) -> Result<Vec<Record>, ProjectorError> {
        let filters = vec![
            Filter::In("queue", vec![Value::Text(self.queue_of(stream))]),
            Filter::In("settled", vec![Value::Integer(0)]),
            self.of_feed(),
        ];
        let sort = vec![("version", read_models::Direction::Ascending)];
        let mut query = Query { filters, sort, limit: Self::PAGE, ..Query::default() };
        let mut records = Vec::new();
        loop {
            let found = self.store.find::<HeldEvent>(&self.generation, &query).await?;
            query.after = found.last().filter(|_| found.len() >= Self::PAGE).map(|(_, place)| place.clone());
            for held in found.into_iter().filter_map(|(document, _)| document.value) {
                records.push(record(held)?);
            }
            if query.after.is_none() {
                return Ok(records);
            }
        }
    }

    /// Which of these were ever held, by id.
    pub(super) async fn known<'a>(
        &self,
        records: impl Iterator<Item = &'a Record>,
    ) -> Result<HashSet<String>, ProjectorError> {
        if !self.ever().await? {
            return Ok(HashSet::new());
        }
        let ids: Vec<String> = records.map(|record| self.id(record)).collect();
        Ok(self.load(&ids).await?.into_keys().collect())
    }

    /// Keeps these. One that waits already is left as it is.
    pub(super) async fn hold(&self, records: &[(Record, Option<String>)]) -> Result<(), ProjectorError> {
        let ids: Vec<String> = records.iter().map(|(record, _)| self.id(record)).collect();
        let known = self.load(&ids).await?;
        let mut writes = Vec::new();
        for ((record, problem), id) in records.iter().zip(ids) {
            let before = known.get(&id);
            let waits = before.and_then(|one| one.value.as_ref()).is_some_and(|held| !held.settled);
            if !waits {
                let version = before.map_or(0, |one| one.version) + 1;
                writes.push(self.write(id, version, &self.held(record, problem.clone())?)?);
            }
        }
        self.keep(&writes).await
    }

    /// These were digested.
    pub(super) async fn settle(&self, records: &[Record]) -> Result<(), ProjectorError> {
        let ids: Vec<String> = records.iter().map(|record| self.id(record)).collect();
        let mut writes = Vec::new();
        for (id, document) in self.load(&ids).await? {
            if let Some(held) = document.value.filter(|held| !held.settled) {
                writes.push(self.write(id, document.version + 1, &HeldEvent { settled: true, ..held })?);
            }
        }
        self.keep(&writes).await
    }

    /// Deletes everything of this generation, which is gone.
    pub(crate) async fn forget(&self) -> Result<(), ProjectorError> {
        let query = Query { filters: vec![self.of_feed()], limit: Self::PAGE, ..Query::default() };
        loop {
            let found = self.store.documents().find(&self.generation, &query).await?;
            if found.is_empty() {
                return Ok(());
            }
            let gone = found.into_iter().map(|one| one.document);
            let writes =
                gone.map(|one| Write { id: one.id, version: one.version + 1, body: None, stale: false });
            self.keep(&writes.collect::<Vec<_>>()).await?;
        }
    }

    fn of_feed(&self) -> Filter {
        Filter::In("feed", vec![Value::Text(self.feed.clone())])
    }

    async fn load(&self, ids: &[String]) -> Result<HashMap<String, Document<HeldEvent>>, ProjectorError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let found = self.store.load::<HeldEvent>(&self.generation, ids).await?;
        Ok(found.into_iter().flatten().map(|one| (one.id.clone(), one)).collect())
    }

    fn write(&self, id: String, version: u64, held: &HeldEvent) -> Result<Write, ProjectorError> {
        Ok(Write { id, version, body: Some(serde_json::to_string(held)?), stale: false })
    }

    async fn keep(&self, writes: &[Write]) -> Result<(), ProjectorError> {
        if !writes.is_empty() {
            self.store.documents().write(&self.generation, writes, &Checkpoint::new()).await?;
        }
        Ok(())
    }

    fn held(&self, record: &Record, error: Option<String>) -> Result<HeldEvent, ProjectorError> {
        Ok(HeldEvent {
            projection: self.projection.to_owned(),
            feed: self.feed.clone(),
            queue: self.queue_of(record.envelope.stream.as_str()),
            stream: record.envelope.stream.to_string(),
            version: record.envelope.version,
            topic: record.topic.name().to_owned(),
            partition: record.partition,
            offset: record.offset,
            at: record.envelope.time.to_string(),
            settled: false,
            error,
            envelope: serde_json::to_string(&*record.envelope)?,
            payload: record.payload.to_string(),
        })
    }
}

/// The record as it was delivered.
fn record(held: HeldEvent) -> Result<Record, ProjectorError> {
    let broken = || ProjectorError::Held(format!("{}/{:010}", held.queue, held.version));
    let envelope: Envelope = serde_json::from_str(&held.envelope).map_err(|_| broken())?;
    Ok(Record {
        topic: held.topic.parse().map_err(|_| broken())?,
        partition: held.partition,
        offset: held.offset,
        envelope: Arc::new(envelope),
        payload: Arc::from(held.payload.as_str()),
    })
}
