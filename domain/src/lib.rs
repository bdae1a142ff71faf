//! The rules of Chorale, pure: state, evolve and decide per aggregate, and the policies of the choreography. No async, no
//! clock, no randomness, no I/O: time enters with the command, ids are derived or come with it.

pub mod category;
pub mod decision;
mod faults;
#[cfg(any(test, feature = "test-support"))]
pub mod given;
mod one_stream;
pub mod order;
pub mod payment;
pub mod policies;
pub mod price_book;
pub mod product;
pub mod reaction;
pub mod refusal;
pub mod reservation;
pub mod rules;
pub mod shipment;
pub mod stock;
pub mod view;

pub use decision::{
    Aggregate, AnyEvent, AnyState, Changes, Claim, ClaimKind, Deadline, Decision, Nothing, Reads, Seen,
    StreamRead,
};
pub use refusal::{Refusal, RefusalKind, UserError};
pub use rules::ShopRules;
pub use view::{LocalView, ViewKey, ViewWrite};
