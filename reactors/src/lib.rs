//! The choreography at work: one file per participant, the runner that carries all of them, the clockwork of deadlines, and
//! the adapters to the outside world.

pub mod adapters;
pub mod deadlines;
pub mod learner;
pub mod participant;
pub mod participants;
mod positions;
pub mod progress;
pub mod runner;
