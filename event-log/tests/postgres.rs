//! Specifics of the log in PostgreSQL: errors when it cannot be used, rights, blocked clients, notifications.

#[path = "postgres/forgotten.rs"]
mod forgotten;
#[path = "postgres/notifications.rs"]
mod notifications;
#[path = "postgres/opening.rs"]
mod opening;
#[path = "postgres/rights.rs"]
mod rights;
#[path = "postgres/stopped.rs"]
mod stopped;
