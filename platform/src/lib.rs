//! What every process of Chorale stands on and no word of commerce: clock, configuration, telemetry, shutdown, sealing of
//! personal data, and the bus port.
//!
//! With the feature `contract` the ports bring their contract suites, which every backend's tests run, and the bus its
//! test double.

pub mod bus;
pub mod clock;
pub mod config;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod sealing;
pub mod servers;
pub mod shutdown;
pub mod signing;
pub mod sqlite;
pub mod telemetry;
pub mod vault;
