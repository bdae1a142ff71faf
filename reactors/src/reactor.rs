//! What takes part in the choreography.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Decision;
use platform::bus::{Record, Start};
use platform::sealing::SealingError;
use platform::vault::VaultError;
use schemas::{Context, DecodeError, Topic};

/// Somebody who answers events with a decision on the streams of its own context. It answers each event of a stream in
/// order; what it decides is recorded once, however often the event comes.
#[async_trait]
pub trait Participant: Send + Sync {
    /// Its name: that of its group, its inbox and its parked reactions.
    fn name(&self) -> &'static str;

    /// Whose streams it writes.
    fn context(&self) -> Context;

    /// Where its events come from.
    fn topics(&self) -> Vec<Topic>;

    /// Whether it has an answer to events of this name. Others are passed over.
    fn hears(&self, topic: Topic, name: &str) -> bool;

    /// The answer. Pure, or a call of the outside world that carries an idempotency key, because it may be repeated.
    async fn answer(&self, record: &Record) -> Result<Option<Arc<dyn Decision>>, AnswerError>;

    /// Where it begins on its first start.
    fn start(&self) -> Start {
        Start::Beginning
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// The event cannot be read.
    #[error("the event cannot be read: {0}")]
    Unreadable(#[from] DecodeError),
    /// What it needs does not answer now; trying again later may help.
    #[error("{0} is not available")]
    Unavailable(String),
    /// It will not work, however often it is tried.
    #[error("{0}")]
    Broken(String),
}

impl From<SealingError> for AnswerError {
    /// A vault that does not answer now is waited for; what cannot be opened at all is not tried again.
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
    fn a_vault_that_does_not_answer_is_waited_for_and_a_text_that_is_not_genuine_is_not() {
        let away = VaultError::Unavailable(Arc::new(std::io::Error::other("away")));
        assert!(matches!(AnswerError::from(SealingError::Vault(away)), AnswerError::Unavailable(_)));
        let forged = SealingError::NotGenuine { subject: "order-1".to_owned(), field: "email".to_owned() };
        assert!(matches!(AnswerError::from(forged), AnswerError::Broken(_)));
    }
}
