//! The rules of Chorale, pure: state, evolve and decide per aggregate, and the policies of the choreography. No
//! async, no clock, no randomness, no I/O: the time comes with the command, and ids are derived or come with it.

#![warn(unreachable_pub)]

pub mod category;
pub mod claims;
mod faults;
mod one_stream;
pub mod order;
pub mod payment;
pub mod policies;
pub mod price_book;
pub mod product;
pub mod reaction;
pub mod reservation;
pub mod rules;
pub mod shipment;
pub mod stock;
pub mod texts;
mod times;

#[cfg(feature = "test-support")]
pub use decider::given;
pub use decider::{
    Aggregate, AnyEvent, AnyState, Changes, Claim, ClaimKind, Deadline, Decision, Draft, Nothing, Reads,
    Refusal, RefusalKind, Seen, StreamRead, UserError, ViewKey, ViewWrite,
};
pub use rules::ShopRules;

/// A context's view of other contexts' topics.
pub type LocalView = decider::LocalView<schemas::Topic, schemas::Envelope>;
