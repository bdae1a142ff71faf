//! Verifies that a log is unchanged, by recomputing its hash chain over everything that is stored.

use std::collections::HashMap;

use schemas::StreamId;
use schemas::audit::LogHead;
use uuid::Uuid;

use crate::chain;
use crate::port::{EventReader, Head, LogError, Read, StoredEvent};

const PAGE: usize = 1_000;

/// The result for an intact log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of events that were checked.
    pub events: u64,
    /// The head that was verified. Stored elsewhere, it later proves whether this part of the log is
    /// unchanged.
    pub head: Head,
}

/// The first problem of a log.
#[derive(Debug, thiserror::Error)]
pub enum Finding {
    /// The log was changed.
    #[error("position {position}: {problem}")]
    Wrong {
        /// The first bad position; everything before it is intact.
        position: u64,
        /// The problem there.
        problem: Problem,
    },
    /// The log cannot be read.
    #[error("the log could not be checked to its end")]
    Log(#[source] LogError),
}

/// A problem at a position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The event is missing, and there are later ones.
    #[error("the event is missing")]
    Missing,
    /// The log ends before its head.
    #[error("the log is cut off here, but its head is at {head}")]
    CutOff {
        /// The position of the head.
        head: u64,
    },
    /// The log has events after its head.
    #[error("the event was added after the log's head")]
    Added,
    /// The hash does not match the event and its predecessor.
    #[error("the event is not the one that was written here: its hash does not match")]
    Hash,
    /// The head's hash is not that of the last event.
    #[error("the hash of the log's head is not that of its last event")]
    Head,
    /// The version does not continue the stream.
    #[error("{stream} does not continue with version {version}")]
    Version { stream: StreamId, version: u64 },
    /// The stored row cannot be decoded.
    #[error("the event cannot be read: {0}")]
    Unreadable(String),
    /// The signed head belongs to another log.
    #[error("the log has epoch {found}, but the signed head has epoch {vouched}")]
    Epoch {
        found: Uuid,
        /// The epoch of the signed head.
        vouched: Uuid,
    },
    /// The hash differs from the one that was verified earlier.
    #[error("the hash here differs from the one that was verified before")]
    Replaced,
}

impl From<LogError> for Finding {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Broken { position, problem, .. } => wrong(position, Problem::Unreadable(problem)),
            error => Self::Log(error),
        }
    }
}

fn wrong(position: u64, problem: Problem) -> Finding {
    Finding::Wrong { position, problem }
}

/// Verifies the log up to its end, which may move in the meantime: from its beginning, or from a position
/// whose hash is known from an earlier verification. `progress` is called from time to time with the
/// position.
pub async fn verify(
    log: &dyn EventReader,
    from: Option<(u64, [u8; 32])>,
    mut progress: impl FnMut(u64),
) -> Result<Verified, Finding> {
    let (start, hash) = from.unwrap_or((0, chain::START));
    if start > 0 {
        known(log, start, hash).await?;
    }
    let mut check = Check { log, start, position: start, hash, versions: HashMap::new() };
    loop {
        let page = check.page(PAGE).await?;
        if page.is_empty() {
            if let Some(head) = check.end().await? {
                return Ok(Verified { events: check.position - start, head });
            }
            continue;
        }
        for event in &page {
            check.event(event).await?;
        }
        progress(check.position);
    }
}

/// Verifies that the log still has the signed head `vouched`.
pub async fn still_is(log: &dyn EventReader, vouched: &LogHead) -> Result<(), Finding> {
    let LogHead { epoch, position, hash, .. } = vouched;
    let found = log.head().await?.epoch;
    if found != *epoch {
        return Err(wrong(*position, Problem::Epoch { found, vouched: *epoch }));
    }
    match chain::from_hex(hash) {
        Some(hash) if *position > 0 => known(log, *position, hash).await,
        _ => Err(wrong(*position, Problem::Unreadable("a signed head without position or hash".to_owned()))),
    }
}

/// Verifies that the log still has this hash at this position.
async fn known(log: &dyn EventReader, position: u64, hash: [u8; 32]) -> Result<(), Finding> {
    let stored = log.read(Read::After(position - 1), 1).await?;
    match stored.first().filter(|event| event.envelope.position == position) {
        Some(event) if event.envelope.hash == chain::to_hex(&hash) => Ok(()),
        Some(_) => Err(wrong(position, Problem::Replaced)),
        None => Err(wrong(position, Problem::Missing)),
    }
}

struct Check<'a> {
    log: &'a dyn EventReader,
    start: u64,
    position: u64,
    hash: [u8; 32],
    /// The last version of each stream, by a digest of its id, because logs have millions of streams.
    versions: HashMap<Uuid, u64>,
}

impl Check<'_> {
    async fn page(&self, limit: usize) -> Result<Vec<StoredEvent>, Finding> {
        match self.log.read(Read::After(self.position), limit).await {
            // Check the events before the one that cannot be decoded first.
            Err(LogError::Broken { position, .. }) if position > self.position + 1 && limit > 1 => {
                let before = position - self.position - 1;
                let before = usize::try_from(before).unwrap_or(PAGE).min(limit - 1);
                Ok(self.log.read(Read::After(self.position), before).await?)
            }
            page => Ok(page?),
        }
    }

    async fn event(&mut self, event: &StoredEvent) -> Result<(), Finding> {
        let (envelope, position) = (event.envelope.as_ref(), self.position + 1);
        if envelope.position != position {
            return Err(wrong(position, Problem::Missing));
        }
        let hash = chain::link(&self.hash, envelope, &event.payload);
        if envelope.hash != chain::to_hex(&hash) {
            return Err(wrong(position, Problem::Hash));
        }
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, envelope.stream.as_str().as_bytes());
        let before = match self.versions.insert(digest, envelope.version) {
            Some(before) => before,
            None if self.start > 0 => self.version_before(&envelope.stream, envelope.version).await?,
            None => 0,
        };
        if envelope.version != before + 1 {
            let (stream, version) = (envelope.stream.clone(), envelope.version);
            return Err(wrong(position, Problem::Version { stream, version }));
        }
        (self.position, self.hash) = (position, hash);
        Ok(())
    }

    /// The stream's version in the part of the log that was verified earlier, if it is the one before
    /// `version`; otherwise 0.
    async fn version_before(&self, stream: &StreamId, version: u64) -> Result<u64, Finding> {
        let Some(after) = version.checked_sub(2) else { return Ok(0) };
        let stored = self.log.read(Read::Streams(&[(stream.clone(), after)]), 1).await?;
        let before = stored.first().filter(|event| event.envelope.position <= self.start);
        Ok(before.map_or(0, |event| event.envelope.version))
    }

    /// Compares the end with the head. `None`: the log has grown.
    async fn end(&self) -> Result<Option<Head>, Finding> {
        let head = self.log.head().await?;
        if head.position < self.position {
            return Err(wrong(head.position + 1, Problem::Added));
        }
        if head.position == self.position {
            return if head.hash == self.hash {
                Ok(Some(head))
            } else {
                Err(wrong(self.position, Problem::Head))
            };
        }
        // Head and events are committed together, so there must be events up to the head.
        if self.page(1).await?.is_empty() {
            return Err(wrong(self.position + 1, Problem::CutOff { head: head.position }));
        }
        Ok(None)
    }
}
