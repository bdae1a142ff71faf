//! The rules of Chorale, pure: state, evolve and decide per aggregate, and the policies of the choreography. No async, no
//! clock, no randomness, no I/O: time enters with the command, ids are derived or come with it.

pub mod decision;
#[cfg(any(test, feature = "test-support"))]
pub mod given;
pub mod refusal;
pub mod rules;
pub mod view;

pub use decision::{Aggregate, AnyEvent, AnyState, Changes, Claim, ClaimKind, Deadline, Decision, Reads, Seen, StreamRead};
pub use refusal::{Refusal, RefusalKind, UserError};
pub use rules::ShopRules;
pub use view::{LocalView, ViewKey, ViewWrite};
