//! The metadata of a command.

use http_server::Caller;
use schemas::{Actor, CommandId};
use uuid::Uuid;

/// The metadata of a command: all but its input.
#[derive(Clone, Debug)]
pub struct CommandMeta {
    /// The idempotency key. The same key with the same request gets the first response again.
    pub key: String,
    /// The namespace of the key: equal keys in different scopes are unrelated.
    pub scope: String,
    /// The author that the events record.
    pub actor: Actor,
    /// The correlation id of the events. `None`: that of the order, payment or parcel concerned, or a new one.
    pub correlation: Option<Uuid>,
    /// W3C trace context, recorded in the events.
    pub traceparent: Option<String>,
    /// The version that the stream must have (If-Match).
    pub expected: Option<u64>,
}

impl CommandMeta {
    /// A command from this caller, who determines the key's scope and the actor.
    pub fn from_caller(key: impl Into<String>, caller: &Caller) -> Self {
        match caller {
            Caller::Guest => Self::new(key, "public", Actor::customer("guest")),
            Caller::Customer { id } => Self::new(key, format!("customer:{id}"), Actor::customer(id)),
            Caller::Staff { name, .. } => Self::new(key, format!("staff:{name}"), Actor::staff(name)),
            Caller::Service { name, .. } => Self::new(key, format!("service:{name}"), Actor::service(name)),
        }
    }

    /// A guest's command.
    pub fn guest(key: impl Into<String>) -> Self {
        Self::from_caller(key, &Caller::Guest)
    }

    /// A command from a member of staff.
    pub fn staff(key: impl Into<String>, name: &str) -> Self {
        Self::from_caller(key, &Caller::staff(name))
    }

    /// A command with a scope and an actor of its own.
    pub fn new(key: impl Into<String>, scope: impl Into<String>, actor: Actor) -> Self {
        Self {
            key: key.into(),
            scope: scope.into(),
            actor,
            correlation: None,
            traceparent: None,
            expected: None,
        }
    }

    /// The command's id: derived from scope and key, so that a retry has the same.
    pub fn command(&self) -> CommandId {
        CommandId::derived(&[&self.scope, &self.key])
    }
}

#[cfg(test)]
mod tests {
    use http_server::Scopes;

    use super::*;

    #[test]
    fn scope_and_actor_follow_from_the_caller() {
        let service = Caller::Service { name: "erp".to_owned(), scopes: Scopes::All };
        for (caller, scope, actor) in [
            (Caller::Guest, "public", Actor::customer("guest")),
            (Caller::Customer { id: "c1".to_owned() }, "customer:c1", Actor::customer("c1")),
            (Caller::staff("operator"), "staff:operator", Actor::staff("operator")),
            (service, "service:erp", Actor::service("erp")),
        ] {
            let meta = CommandMeta::from_caller("k", &caller);
            assert_eq!((meta.scope.as_str(), meta.actor), (scope, actor));
        }
    }
}
