//! The relay, on topics in memory that behave as a bus does: every event once and in order, whatever fails.

#[path = "relay/bench.rs"]
mod bench;
#[path = "relay/failing.rs"]
mod failing;
#[path = "relay/heads.rs"]
mod heads;
#[path = "relay/leading.rs"]
mod leading;
#[path = "relay/restored.rs"]
mod restored;
