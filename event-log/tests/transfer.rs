//! A log moves from its file to PostgreSQL.

#[path = "transfer/bench.rs"]
mod bench;
#[path = "transfer/interrupted.rs"]
mod interrupted;
#[path = "transfer/refused.rs"]
mod refused;
#[path = "transfer/whole.rs"]
mod whole;
