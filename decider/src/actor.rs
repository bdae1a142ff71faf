//! The party that caused an event.

use serde::{Deserialize, Serialize};

/// The kind of party that acted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActorType {
    /// A customer, signed in or not.
    Customer,
    /// A member of staff.
    Staff,
    /// A timer or the program itself.
    System,
    /// A reactor or an external service.
    Service,
}

/// The party that caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
pub struct Actor {
    /// The kind of party.
    #[serde(rename = "type")]
    pub kind: ActorType,
    /// The id of the party: opaque, or the name of a service. Never personal data.
    pub id: String,
}

impl Actor {
    /// A customer, by id, or `guest`.
    pub fn customer(id: impl Into<String>) -> Self {
        Self { kind: ActorType::Customer, id: id.into() }
    }

    /// A member of staff.
    pub fn staff(id: impl Into<String>) -> Self {
        Self { kind: ActorType::Staff, id: id.into() }
    }

    /// A timer or the program itself.
    pub fn system(id: impl Into<String>) -> Self {
        Self { kind: ActorType::System, id: id.into() }
    }

    /// A reactor or an external service.
    pub fn service(id: impl Into<String>) -> Self {
        Self { kind: ActorType::Service, id: id.into() }
    }
}
