//! What tests across services stand on: a whole shop in a folder of its own, a bus that can be held back, a payment provider
//! that can be held back too, and verbs for what people do.

mod embedded;
mod gate;
pub mod program;
mod provider;
mod story;
mod verbs;

pub use embedded::{Buses, Embedded, SOON};
pub use gate::Gate;
pub use provider::Puppet;
pub use story::Story;
pub use verbs::Done;

/// The code of a refusal; says what came instead when it is none.
pub fn refused(done: Done) -> anyhow::Result<String> {
    match done {
        Err(command_api::CommandError::Refused { refusal, .. }) => Ok(refusal.code),
        other => anyhow::bail!("not refused: {other:?}"),
    }
}
