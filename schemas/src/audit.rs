//! Signed heads of the logs. A signed head proves a later truncation or rewriting of its log. Heads are published on
//! [`AUDIT_TOPIC`](crate::topics::AUDIT_TOPIC), keyed by context, and are not part of a log. **Stored format.**

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::event::{EventType, full_name};
use crate::{Context, EventId, Timestamp};

const AGGREGATE: &str = "audit";
const NAME: &str = "LogHeadSigned";
const VERSION: u32 = 1;

/// End of a log at one instant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogHead {
    /// Context that owns the log.
    #[schemars(schema_with = "context_name")]
    pub context: Context,
    /// The log's epoch. It changes when a log is restored or forked.
    pub epoch: Uuid,
    /// Position of the last event in the log; 0 for an empty log.
    pub position: u64,
    /// The log's hash chain at `position`, as lower-case hex: the `ce_hash` of the event there.
    #[schemars(extend("pattern" = "^[0-9a-f]{64}$"))]
    pub hash: String,
    /// Instant at which the log ended at `position`.
    pub time: Timestamp,
}

impl LogHead {
    /// The signed text, in UTF-8, without a line break at the end.
    pub fn text(&self) -> String {
        let Self { context, epoch, position, hash, time } = self;
        format!("chorale-log-head-v1\n{context}\n{epoch}\n{position}\n{hash}\n{time}")
    }
}

/// Signed statement of where a log ended at an instant. It proves a later truncation or rewriting of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogHeadSigned {
    /// The signed statement.
    #[serde(flatten)]
    pub head: LogHead,
    /// Id of the signing key: the first 16 hex digits of the SHA-256 of the 32-byte public key.
    #[schemars(extend("pattern" = "^[0-9a-f]{16}$"))]
    pub key_id: String,
    /// Ed25519 signature, base64 with padding, over the UTF-8 lines `chorale-log-head-v1`, context, epoch, position,
    /// hash and time, separated by line feeds.
    #[schemars(extend("pattern" = "^[A-Za-z0-9+/]{86}==$"))]
    pub signature: String,
}

/// The payload as it is published.
#[derive(Serialize, JsonSchema)]
struct Published<'a> {
    /// One sentence for people. Never parse it.
    summary: String,
    #[serde(flatten)]
    signed: &'a LogHeadSigned,
}

impl LogHeadSigned {
    /// `chorale.audit.LogHeadSigned.v1`
    pub fn full_type() -> String {
        full_name(AGGREGATE, NAME, VERSION)
    }

    /// One sentence for people. Never parse it.
    pub fn summary(&self) -> String {
        let LogHead { context, position, time, .. } = &self.head;
        format!("The log of {context} ended at position {position} at {time}")
    }

    /// The record's key: its context.
    pub fn key(&self) -> &'static str {
        self.head.context.name()
    }

    /// The event id. Publishing the same head again gives the same id.
    pub fn id(&self) -> EventId {
        let LogHead { context, epoch, position, time, .. } = &self.head;
        let (epoch, position, time) = (epoch.to_string(), position.to_string(), time.to_string());
        EventId::derived(&["log-head", context.name(), &epoch, &position, &time, &self.key_id])
    }

    /// The payload as it is published.
    pub fn encode(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Published { summary: self.summary(), signed: self })
    }

    /// Reads a published payload.
    pub fn decode(payload: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(payload)
    }

    /// The CloudEvents attributes as headers of a Kafka record (binary mode), in a fixed order. Attributes of events
    /// of a log (sequence, position, correlation, hash) are missing, because a head is not part of a log.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let (kind, key) = (Self::full_type(), self.key());
        vec![
            ("content-type", "application/json".to_owned()),
            ("ce_specversion", "1.0".to_owned()),
            ("ce_id", self.id().to_string()),
            ("ce_type", kind.clone()),
            ("ce_source", format!("/chorale/{AGGREGATE}/{key}")),
            ("ce_subject", key.to_owned()),
            ("ce_time", self.head.time.to_string()),
            ("ce_dataschema", crate::event::schema_id(&kind)),
            ("ce_partitionkey", key.to_owned()),
            ("ce_epoch", self.head.epoch.to_string()),
        ]
    }

    /// The entry in the list of published types.
    pub(crate) fn event_type() -> EventType {
        let generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
        let mut schema = generator.into_root_schema_for::<Published<'static>>();
        let description = "Signed statement of where a log ended at an instant. It proves a later truncation or rewriting of the log.";
        schema.insert("description".to_owned(), description.into());
        EventType { aggregate: AGGREGATE, name: NAME, version: VERSION, schema }
    }
}

pub(crate) fn context_name(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "$comment": crate::contracts::EXTENSIBLE, "type": "string", "enum": Context::ALL.map(Context::name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed() -> LogHeadSigned {
        let head = LogHead {
            context: Context::Ordering,
            epoch: Uuid::from_u128(7),
            position: 42,
            hash: "ab".repeat(32),
            time: Timestamp::from_millis(1_772_366_401_482),
        };
        LogHeadSigned { head, key_id: "21fe31dfa154a261".to_owned(), signature: "some signature".to_owned() }
    }

    #[test]
    fn the_signed_text_is_six_lines_for_ever() {
        assert_eq!(
            signed().head.text(),
            format!(
                "chorale-log-head-v1\nordering\n00000000-0000-0000-0000-000000000007\n42\n{}\n2026-03-01T12:00:01.482Z",
                "ab".repeat(32)
            )
        );
    }

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let payload = signed().encode().unwrap();
        assert!(payload.starts_with(
            r#"{"summary":"The log of ordering ended at position 42 at 2026-03-01T12:00:01.482Z","context":"ordering","epoch":"#
        ));
        assert_eq!(LogHeadSigned::decode(&payload).unwrap(), signed());
    }

    #[test]
    fn a_head_published_twice_is_one_and_another_moment_is_another() {
        let mut later = signed();
        assert_eq!(later.id(), signed().id());
        later.head.time = later.head.time.plus(std::time::Duration::from_mins(1));
        assert_ne!(later.id(), signed().id());
        assert_eq!(signed().key(), "ordering");
    }
}
