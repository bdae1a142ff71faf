//! Signed heads: proof for third parties that the log once ended at a position with a hash.

use platform::bus::publisher::{Mark, Outgoing};
use schemas::Timestamp;
use schemas::audit::LogHead;
use schemas::topics::{AUDIT_TOPIC, partition_of};

use super::{Options, Sign};

/// The last signed head.
pub(super) struct Heads {
    position: u64,
    at: Option<Timestamp>,
}

impl Heads {
    /// For a relay that takes over at this position. It does not know when a head was signed last, so it soon
    /// signs one.
    pub(super) fn from(position: u64) -> Self {
        Self { position, at: None }
    }

    /// Whether the log has grown, and enough time or enough events have passed since the last signed head.
    pub(super) fn is_due(&self, mark: &Mark, now: Timestamp, options: &Options) -> bool {
        let events = mark.position.saturating_sub(self.position);
        let waited = self.at.is_none_or(|at| now.since(at) >= options.heads_every);
        events >= options.heads_events || (waited && (events > 0 || self.at.is_none()))
    }

    /// Whether the log has grown since the last signed head.
    pub(super) fn is_behind(&self, mark: &Mark) -> bool {
        mark.position > self.position
    }

    /// The record to publish with `mark`. `None` for an empty log.
    pub(super) fn sign(
        &mut self,
        mark: &Mark,
        now: Timestamp,
        options: &Options,
        sign: &Sign,
    ) -> Option<Outgoing> {
        if mark.position == 0 {
            return None;
        }
        let head = LogHead {
            context: mark.context,
            epoch: mark.epoch,
            position: mark.position,
            hash: mark.hash.clone(),
            time: now,
        };
        let signed = sign(head);
        let payload = match signed.encode() {
            Ok(payload) => payload,
            Err(error) => {
                tracing::error!(%error, "could not encode a signed log head");
                return None;
            }
        };
        (self.position, self.at) = (mark.position, Some(now));
        Some(Outgoing {
            topic: AUDIT_TOPIC.to_owned(),
            partition: partition_of(signed.key(), options.partitions),
            key: signed.key().to_owned(),
            headers: signed.headers(),
            payload: payload.into(),
            time: now,
        })
    }
}
