//! The trait of reactors.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Decision;
use domain::policies::ReactorSpec;
use platform::bus::Record;
use platform::sealing::SealingError;
use platform::vault::VaultError;
use schemas::{DecodeError, Topic};

/// Answers events with decisions on the streams of its own context. It answers the events of a stream in order. Each
/// decision is recorded once, however often the event is delivered.
#[async_trait]
pub trait Reactor: Send + Sync {
    /// Its name, context and kind.
    fn spec(&self) -> &'static ReactorSpec;

    /// The topics that it reads.
    fn topics(&self) -> Vec<Topic> {
        self.spec().topics()
    }

    /// Whether it answers events of this name. The runner skips the others.
    fn hears(&self, topic: Topic, name: &str) -> bool {
        self.spec().hears(topic, name)
    }

    /// The decision that answers the event; `None` if there is nothing to do. It may be called more than once for an event,
    /// so it is pure, or it calls an outside service under an idempotency key.
    async fn answer(&self, record: &Record) -> Result<Option<Arc<dyn Decision>>, AnswerError>;
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The event cannot be read.
    #[error("the event cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// A service that it needs does not answer. A later attempt may succeed.
    #[error("{0} is not available")]
    Unavailable(String),
    /// No later attempt will succeed.
    #[error("{0}")]
    Broken(String),
}

impl From<SealingError> for AnswerError {
    /// Temporary failures of the vault are retried; a text that cannot be decrypted is not.
    fn from(error: SealingError) -> Self {
        match error {
            SealingError::Vault(VaultError::Unavailable(_)) => Self::Unavailable("the key vault".to_owned()),
            error => Self::Broken(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vault_that_does_not_answer_is_retried_and_a_text_that_is_not_genuine_is_not() {
        let away = VaultError::Unavailable(Arc::new(std::io::Error::other("away")));
        assert!(matches!(AnswerError::from(SealingError::Vault(away)), AnswerError::Unavailable(_)));
        let forged = SealingError::NotGenuine { subject: "order-1".to_owned(), field: "email".to_owned() };
        assert!(matches!(AnswerError::from(forged), AnswerError::Broken(_)));
    }
}
