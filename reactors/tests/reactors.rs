//! Runners, learners and the clockwork on real logs: parking, redriving, crashing, on files, on a bus that shuffles, and on servers.

#[path = "reactors/bench.rs"]
mod bench;
#[path = "reactors/crashing.rs"]
mod crashing;
#[path = "reactors/learning.rs"]
mod learning;
#[path = "reactors/parking.rs"]
mod parking;
#[path = "reactors/redriving.rs"]
mod redriving;
#[path = "reactors/script.rs"]
mod script;
