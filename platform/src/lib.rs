//! Infrastructure of every process of Chorale, without rules of commerce: clock, configuration, telemetry, shutdown,
//! sealing of personal data, signing, and the bus port. Of the published language it uses topics, contexts and envelopes.
//!
//! The feature `contract` adds the harness of all contract suites, the suites of the ports of this crate, and for tests the
//! buses and a proxy with the faults of networks.

#![warn(unreachable_pub)]

pub mod backoff;
pub mod bus;
pub mod clock;
pub mod config;
pub mod connection;
#[cfg(any(test, feature = "contract"))]
pub mod contract;
pub mod error;
#[cfg(any(test, feature = "contract"))]
pub mod fault_proxy;
pub mod global_id;
pub mod hot;
pub mod output;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
pub mod sealing;
pub mod servers;
pub mod shutdown;
pub mod signing;
pub mod sqlite;
pub mod telemetry;
pub mod text;
pub mod vault;
