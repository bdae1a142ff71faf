//! MongoDB, or the compatible server that `scripts/servers` starts.

#[path = "mongodb/dropping.rs"]
mod dropping;
#[path = "mongodb/limits.rs"]
mod limits;
#[path = "mongodb/people.rs"]
mod people;
#[path = "mongodb/restoring.rs"]
mod restoring;

use read_models::contract::scratch::Scratch;

read_models::keyed_suite!(Scratch::new());
read_models::query_suite!(Scratch::new());
read_models::repair_suite!(Scratch::new());
read_models::operations_suite!(Scratch::new());
