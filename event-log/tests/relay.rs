//! The relay on in-memory topics that behave like a bus: every event once and in order, whatever fails.

#[path = "relay/failing.rs"]
mod failing;
#[path = "relay/harness.rs"]
mod harness;
#[path = "relay/heads.rs"]
mod heads;
#[path = "relay/leading.rs"]
mod leading;
#[path = "relay/restored.rs"]
mod restored;
#[path = "relay/timing.rs"]
mod timing;
