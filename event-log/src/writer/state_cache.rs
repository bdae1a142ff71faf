//! The stream states that a writer keeps in memory.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use decider::{AnyState, StreamRead};
use lru::LruCache;
use schemas::{StreamId, Timestamp};

use crate::port::{Head, Log, LogError, Read};

/// A stream's state and version.
#[derive(Clone)]
pub(super) struct StreamState {
    pub version: u64,
    pub state: Arc<dyn AnyState>,
}

/// A state that is being read, or why it cannot be read.
type Evolving = Result<Box<dyn AnyState>, String>;

const PAGE: usize = 1_000;
const STREAMS: usize = 200;

/// States as of a head. If a state is newer than the head, the head is outdated, and a commit on it fails.
pub(super) struct StateCache {
    log: Arc<dyn Log>,
    states: LruCache<StreamId, StreamState>,
    head: Option<Head>,
    /// The time of the last event at the head, or a later one that was seen before.
    latest: Timestamp,
}

impl StateCache {
    pub(crate) fn new(log: Arc<dyn Log>, streams: usize) -> Self {
        let capacity = NonZeroUsize::new(streams).unwrap_or(NonZeroUsize::MIN);
        Self { log, states: LruCache::new(capacity), head: None, latest: Timestamp::EPOCH }
    }

    /// The head that the states belong to.
    pub(crate) async fn head(&mut self) -> Result<Head, LogError> {
        match self.head {
            Some(head) => Ok(head),
            None => {
                let head = self.log.head().await?;
                self.read_latest(head).await?;
                self.head = Some(head);
                Ok(head)
            }
        }
    }

    /// The time that the next event must not be earlier than. Belongs to the head that [`head`](Self::head) returns.
    pub(crate) fn latest(&self) -> Timestamp {
        self.latest
    }

    /// Reads the time of the last event at `head`.
    async fn read_latest(&mut self, head: Head) -> Result<(), LogError> {
        if let Some(before) = head.position.checked_sub(1) {
            let last = self.log.read(Read::After(before), 1).await?.pop();
            self.latest = last.map_or(self.latest, |event| event.envelope.time.max(self.latest));
        }
        Ok(())
    }

    /// Another process has moved the log to `head`: drops the streams that were written since.
    pub(crate) async fn moved(&mut self, head: Head) -> Result<(), LogError> {
        let mut after = 0;
        if let Some(known) = self.head {
            if known.epoch != head.epoch
                || head.position < known.position
                || (head.position == known.position && head.hash != known.hash)
            {
                self.clear();
            }
            after = known.position;
            while after < head.position && !self.states.is_empty() {
                let events = self.log.read(Read::After(after), PAGE).await?;
                let Some(last) = events.last() else { break };
                after = last.envelope.position;
                self.latest = last.envelope.time.max(self.latest);
                for event in &events {
                    self.states.pop(&event.envelope.stream);
                }
            }
        }
        if after < head.position {
            self.read_latest(head).await?;
        }
        self.head = Some(head);
        Ok(())
    }

    /// Stores the time of the last event and the states after a commit of this writer.
    pub(crate) fn committed(
        &mut self,
        head: Head,
        latest: Timestamp,
        states: impl Iterator<Item = (StreamId, StreamState)>,
    ) {
        self.head = Some(head);
        self.latest = latest.max(self.latest);
        for (stream, known) in states {
            self.states.put(stream, known);
        }
    }

    /// A stream's state, if it is cached.
    pub(crate) fn peek(&self, stream: &StreamId) -> Option<&StreamState> {
        self.states.peek(stream)
    }

    /// Drops all states and the head.
    pub(crate) fn clear(&mut self) {
        self.states.clear();
        self.head = None;
    }

    /// The states of these streams, read from the log if they are not cached. A stream that cannot be read
    /// has the reason instead.
    pub(crate) async fn load(
        &mut self,
        wanted: &BTreeMap<StreamId, StreamRead>,
    ) -> Result<BTreeMap<StreamId, Result<StreamState, String>>, LogError> {
        let mut loaded = BTreeMap::new();
        let mut missing = Vec::new();
        for (stream, read) in wanted {
            match self.states.get(stream) {
                Some(known) => drop(loaded.insert(stream.clone(), Ok(known.clone()))),
                None => missing.push(read),
            }
        }
        self.read_all(&missing, &mut loaded).await?;
        for (stream, known) in &loaded {
            if let Ok(known) = known {
                self.states.put(stream.clone(), known.clone());
            }
        }
        Ok(loaded)
    }

    /// Reads streams from the log without caching them.
    pub(crate) async fn read_all(
        &self,
        reads: &[&StreamRead],
        loaded: &mut BTreeMap<StreamId, Result<StreamState, String>>,
    ) -> Result<(), LogError> {
        for some in reads.chunks(STREAMS) {
            self.read(some, loaded).await?;
        }
        Ok(())
    }

    async fn read(
        &self,
        reads: &[&StreamRead],
        loaded: &mut BTreeMap<StreamId, Result<StreamState, String>>,
    ) -> Result<(), LogError> {
        let mut states: BTreeMap<StreamId, (u64, Evolving)> =
            reads.iter().map(|read| (read.stream.clone(), (0, Ok((read.initial)())))).collect();
        loop {
            let after: Vec<(StreamId, u64)> =
                states.iter().map(|(stream, (version, _))| (stream.clone(), *version)).collect();
            let events = self.log.read(Read::Streams(&after), PAGE).await?;
            for event in &events {
                let envelope = &event.envelope;
                let Some((version, state)) = states.get_mut(&envelope.stream) else { continue };
                *version = envelope.version;
                let Ok(evolving) = state else { continue };
                let (name, type_version) = (&envelope.name, envelope.type_version);
                if let Err(error) = evolving.evolve_stored(name, type_version, &event.payload, envelope.time)
                {
                    *state = Err(format!("{}@{}: {error}", envelope.stream, envelope.version));
                }
            }
            if events.len() < PAGE {
                break;
            }
        }
        for (stream, (version, state)) in states {
            loaded.insert(stream, state.map(|state| StreamState { version, state: Arc::from(state) }));
        }
        Ok(())
    }
}
