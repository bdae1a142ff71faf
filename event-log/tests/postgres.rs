//! What is special about the log in PostgreSQL: what it says when it cannot be used, who may do what, who holds up whom, and what is told.

#[path = "postgres/news.rs"]
mod news;
#[path = "postgres/opening.rs"]
mod opening;
#[path = "postgres/rights.rs"]
mod rights;
#[path = "postgres/stopped.rs"]
mod stopped;
