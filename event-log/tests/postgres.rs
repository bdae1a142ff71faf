//! What is special about the log in PostgreSQL: what it says when it cannot be used, who may do what, and who holds up whom.

#[path = "postgres/opening.rs"]
mod opening;
#[path = "postgres/rights.rs"]
mod rights;
#[path = "postgres/stopped.rs"]
mod stopped;
