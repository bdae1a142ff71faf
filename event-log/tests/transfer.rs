//! Moving a log from its file to PostgreSQL.

#[path = "transfer/harness.rs"]
mod harness;
#[path = "transfer/interrupted.rs"]
mod interrupted;
#[path = "transfer/refused.rs"]
mod refused;
#[path = "transfer/whole.rs"]
mod whole;
