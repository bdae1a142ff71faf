//! Kafka as the bus, on a real broker: `CHORALE_TEST_KAFKA` names it (`scripts/servers up`).

mod bus;
mod cluster;
mod finding;
mod members;
mod publishing;
mod strangers;
mod topics;
