//! Runners and local view updaters on real logs: parking, redriving and crashing; on files, on a bus that shuffles, and on servers.

#[path = "reactors/crashing.rs"]
mod crashing;
#[path = "reactors/harness.rs"]
mod harness;
#[path = "reactors/local_views.rs"]
mod local_views;
#[path = "reactors/parking.rs"]
mod parking;
#[path = "reactors/redriving.rs"]
mod redriving;
#[path = "reactors/script.rs"]
mod script;
