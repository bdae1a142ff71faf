//! The command API on real logs, asked as a client asks it.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod addresses;
mod contract;
mod errors;
mod following;
mod ids;
mod limits;
mod numbers;
mod orders;
mod replay;
mod secrecy;
mod shop;
mod staff;
mod texts;
