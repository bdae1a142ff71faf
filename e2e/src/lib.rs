//! Harness of the end-to-end tests: a complete shop in its own directory, a bus and a payment provider whose deliveries and
//! calls a test can hold, and a method for each action of a shopper or a member of staff.

pub mod clients;
mod embedded;
mod held_bus;
mod history;
pub mod program;
mod provider;
mod verbs;

pub use embedded::{Buses, Embedded, SOON, once_free};
pub use held_bus::HeldGroups;
pub use history::OrderHistory;
pub use provider::ScriptedProvider;
pub use verbs::{Done, PAYMENT};

/// The code of a refusal. Fails if the command was not refused.
pub fn refused(done: Done) -> anyhow::Result<String> {
    match done {
        Err(command_api::CommandError::Refused { refusal, .. }) => Ok(refusal.code),
        other => anyhow::bail!("not refused: {other:?}"),
    }
}
