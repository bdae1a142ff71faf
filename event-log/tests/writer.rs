//! The context's writer on SQLite and PostgreSQL: one first answer per command, no lost and no doubled event, whoever else writes.

#[path = "writer/ahead.rs"]
mod ahead;
#[path = "writer/answers.rs"]
mod answers;
#[path = "writer/batches.rs"]
mod batches;
#[path = "writer/bench.rs"]
mod bench;
#[path = "writer/failures.rs"]
mod failures;
#[path = "writer/reactions.rs"]
mod reactions;
#[path = "writer/two.rs"]
mod two;
