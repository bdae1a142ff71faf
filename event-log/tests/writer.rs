//! The context's writer on SQLite and PostgreSQL: one answer per command, and no lost or duplicate event,
//! even with several writers.

#[path = "writer/answers.rs"]
mod answers;
#[path = "writer/batches.rs"]
mod batches;
#[path = "writer/clocks.rs"]
mod clocks;
#[path = "writer/failures.rs"]
mod failures;
#[path = "writer/harness.rs"]
mod harness;
#[path = "writer/pipelined.rs"]
mod pipelined;
#[path = "writer/reactions.rs"]
mod reactions;
#[path = "writer/two.rs"]
mod two;
