//! The states that a writer keeps, and how they are brought up to date.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use domain::{AnyState, StreamRead};
use lru::LruCache;
use schemas::StreamId;

use crate::port::{Head, Log, LogError, Read};

/// A stream's state and version.
#[derive(Clone)]
pub(super) struct Known {
    pub version: u64,
    pub state: Arc<dyn AnyState>,
}

/// A state that is being read, or why it cannot be.
type Evolving = Result<Box<dyn AnyState>, String>;

/// How many events are read at a time.
const PAGE: usize = 1_000;
/// How many streams are asked for at a time.
const STREAMS: usize = 200;

/// States as of a head. Nothing in it is newer than the head, or the head is not current and a commit on it fails.
pub(super) struct Memory {
    log: Arc<dyn Log>,
    states: LruCache<StreamId, Known>,
    head: Option<Head>,
}

impl Memory {
    pub fn new(log: Arc<dyn Log>, streams: usize) -> Self {
        let capacity = NonZeroUsize::new(streams).unwrap_or(NonZeroUsize::MIN);
        Self { log, states: LruCache::new(capacity), head: None }
    }

    /// The head that the states belong to.
    pub async fn head(&mut self) -> Result<Head, LogError> {
        match self.head {
            Some(head) => Ok(head),
            None => {
                let head = self.log.head().await?;
                self.head = Some(head);
                Ok(head)
            }
        }
    }

    /// The log is at `head` now, and not by our doing: forgets the streams that were written meanwhile.
    pub async fn moved(&mut self, head: Head) -> Result<(), LogError> {
        if let Some(known) = self.head {
            if known.epoch != head.epoch
                || head.position < known.position
                || (head.position == known.position && head.hash != known.hash)
            {
                self.forget();
            }
            let mut after = known.position;
            while after < head.position && !self.states.is_empty() {
                let events = self.log.read(Read::After(after), PAGE).await?;
                let Some(last) = events.last() else { break };
                after = last.envelope.position;
                for event in &events {
                    self.states.pop(&event.envelope.stream);
                }
            }
        }
        self.head = Some(head);
        Ok(())
    }

    /// Our commit went through: these are the states now.
    pub fn committed(&mut self, head: Head, states: impl Iterator<Item = (StreamId, Known)>) {
        self.head = Some(head);
        for (stream, known) in states {
            self.states.put(stream, known);
        }
    }

    /// A stream's state, if it is known.
    pub fn peek(&self, stream: &StreamId) -> Option<&Known> {
        self.states.peek(stream)
    }

    /// Nothing that was known counts any more.
    pub fn forget(&mut self) {
        self.states.clear();
        self.head = None;
    }

    /// The states of these streams, read where they are not known. A stream that cannot be read is answered with the reason.
    pub async fn load(
        &mut self,
        wanted: &BTreeMap<StreamId, StreamRead>,
    ) -> Result<BTreeMap<StreamId, Result<Known, String>>, LogError> {
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

    /// Reads streams from the log. What has come is not remembered here.
    pub async fn read_all(
        &self,
        reads: &[&StreamRead],
        loaded: &mut BTreeMap<StreamId, Result<Known, String>>,
    ) -> Result<(), LogError> {
        for some in reads.chunks(STREAMS) {
            self.read(some, loaded).await?;
        }
        Ok(())
    }

    async fn read(
        &self,
        reads: &[&StreamRead],
        loaded: &mut BTreeMap<StreamId, Result<Known, String>>,
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
                if let Ok(evolving) = state
                    && let Err(error) =
                        evolving.evolve_stored(&envelope.name, envelope.type_version, &event.payload)
                {
                    *state = Err(format!("{}@{}: {error}", envelope.stream, envelope.version));
                }
            }
            if events.len() < PAGE {
                break;
            }
        }
        for (stream, (version, state)) in states {
            loaded.insert(stream, state.map(|state| Known { version, state: Arc::from(state) }));
        }
        Ok(())
    }
}
