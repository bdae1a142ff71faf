//! Who asks, and under which key.

use schemas::{Actor, CommandId};
use uuid::Uuid;

/// Everything about a command but what it asks for.
#[derive(Clone, Debug)]
pub struct Meta {
    /// The idempotency key: the same key and request get the first answer again.
    pub key: String,
    /// Whose key it is: keys of different scopes have nothing to do with each other.
    pub scope: String,
    /// Who is written down as the one who did it.
    pub actor: Actor,
    /// The flow that it belongs to; a new one if none.
    pub correlation: Option<Uuid>,
    /// W3C trace context.
    pub traceparent: Option<String>,
    /// The version that the stream must have (If-Match).
    pub expected: Option<u64>,
}

impl Meta {
    /// A shopper's command.
    pub fn shopper(key: impl Into<String>) -> Self {
        Self::of(key, "public", Actor::customer("guest"))
    }

    /// A command of somebody of the shop.
    pub fn staff(key: impl Into<String>, name: &str) -> Self {
        Self::of(key, format!("staff:{name}"), Actor::staff(name))
    }

    /// A command of anybody.
    pub fn of(key: impl Into<String>, scope: impl Into<String>, actor: Actor) -> Self {
        Self {
            key: key.into(),
            scope: scope.into(),
            actor,
            correlation: None,
            traceparent: None,
            expected: None,
        }
    }

    /// The command's id: derived, so that a retry has the same.
    pub fn command(&self) -> CommandId {
        CommandId::derived(&[&self.scope, &self.key])
    }
}
