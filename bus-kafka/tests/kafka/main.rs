//! Kafka as the bus, on a real broker: `CHORALE_TEST_KAFKA` names it (`scripts/servers up`).

mod bus;
mod content_modes;
mod finding;
mod harness;
mod members;
mod publishing;
mod strangers;
mod topics;
