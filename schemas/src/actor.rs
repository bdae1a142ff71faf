//! Who did it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What kind of party acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActorType {
    /// A shopper, signed in or a guest.
    Customer,
    /// Somebody of the shop.
    Staff,
    /// A timer or the program itself.
    System,
    /// A reactor or an outside service (payment provider, carrier).
    Service,
}

/// Who caused an event. The id never holds personal data: it is an opaque id or the name of a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The kind of party.
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// Which one of them.
    pub id: String,
}

impl Actor {
    /// A shopper: the customer's id or `guest`.
    pub fn customer(id: impl Into<String>) -> Self {
        Self { kind: ActorType::Customer, id: id.into() }
    }

    /// Somebody of the shop.
    pub fn staff(id: impl Into<String>) -> Self {
        Self { kind: ActorType::Staff, id: id.into() }
    }

    /// A timer or the program itself.
    pub fn system(id: impl Into<String>) -> Self {
        Self { kind: ActorType::System, id: id.into() }
    }

    /// A reactor or an outside service.
    pub fn service(id: impl Into<String>) -> Self {
        Self { kind: ActorType::Service, id: id.into() }
    }
}
