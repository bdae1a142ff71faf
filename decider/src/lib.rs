#![doc = include_str!("../README.md")]
#![warn(missing_docs, unreachable_pub)]

mod actor;
mod aggregate;
mod changes;
mod claim;
mod decision;
mod draft;
pub mod event;
#[cfg(feature = "test-support")]
pub mod given;
mod reads;
mod refusal;
mod seen;
mod stream;
mod time;
mod view;

pub use actor::{Actor, ActorType};
pub use aggregate::{Aggregate, AnyState, Deadline};
pub use changes::{AnyEvent, Changes};
pub use claim::{Claim, ClaimKind};
pub use decision::{Decision, DecisionError, Nothing, StreamDecision, decide};
pub use draft::Draft;
pub use event::{DecodeError, EventBody, EventSet};
pub use reads::{Reads, StreamRead};
pub use refusal::{Refusal, RefusalKind, UserError};
pub use seen::{Fault, Seen};
pub use stream::StreamId;
pub use time::Timestamp;
pub use view::{Learn, LocalView, ViewKey, ViewWrite};
