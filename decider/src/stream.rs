//! Names of streams.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The id of a stream of the log: the prefix of its aggregate, a dash and its key. Records on topics have it as their key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct StreamId(String);

impl StreamId {
    /// The stream `{prefix}-{key}`. The prefix has no dash.
    pub fn new(prefix: &str, key: impl fmt::Display) -> Self {
        Self(format!("{prefix}-{key}"))
    }

    /// A stream id that was read from a log or entered by a person. Such a stream need not exist.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first dash: `loan` of `loan-0198…`; the whole text where there is no dash.
    pub fn prefix(&self) -> &str {
        self.0.split_once('-').map_or(self.as_str(), |(prefix, _)| prefix)
    }

    /// The part after the first dash: `0198…` of `loan-0198…`; the whole text where there is no dash.
    pub fn key(&self) -> &str {
        self.0.split_once('-').map_or(self.as_str(), |(_, key)| key)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_prefix_and_key() {
        let loan = StreamId::new("loan", "2026-17");
        assert_eq!((loan.as_str(), loan.prefix(), loan.key()), ("loan-2026-17", "loan", "2026-17"));
        let only = StreamId::from_text("shelves");
        assert_eq!((only.prefix(), only.key()), ("shelves", "shelves"));
    }
}
