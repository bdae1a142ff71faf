//! The published language of Chorale: what is written into the log, relayed to topics and read by everybody.
//!
//! Everything here is a **stored or published format**. Changing the shape of an event without giving it a new
//! version fails a test that says what to do (see `CONTRIBUTING.md`, "Change an event").

#![warn(unreachable_pub)]

pub mod audit;
pub mod category;
pub mod cloudevents;
pub mod contexts;
pub mod contracts;
pub mod envelope;
pub mod event;
pub mod ids;
pub mod life_cycle;
pub mod money;
pub mod order;
pub mod payment;
pub mod product;
pub mod reaction;
pub mod relay;
pub mod reservation;
pub mod sealed;
pub mod shipment;
pub mod stock;
pub mod topics;

pub use contexts::{AggregateType, Context};
pub use decider::{Actor, ActorType, StreamId, Timestamp};
pub use envelope::{Envelope, Recorded};
pub use event::{DecodeError, EventBody, EventSet, EventType};
pub use ids::{
    CategoryId, CommandId, CustomerId, EventId, LineId, LocationId, OrderId, ProductId, Sku, Slug,
};
pub use money::{Currency, Money, MoneyError};
pub use sealed::{Address, Sealed};
pub use shipment::ShipmentId;
pub use topics::Topic;
