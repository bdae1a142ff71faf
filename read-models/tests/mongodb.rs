//! MongoDB, or the compatible server that `scripts/servers` starts.

#[path = "mongodb/people.rs"]
mod people;
#[path = "mongodb/restoring.rs"]
mod restoring;
#[path = "mongodb/scratch.rs"]
mod scratch;

use std::sync::Arc;

use scratch::Scratch;

read_models::keyed_suite!(Arc::new(Scratch::new()));
read_models::query_suite!(Arc::new(Scratch::new()));
read_models::word_suite!(Arc::new(Scratch::new()));
read_models::operations_suite!(Arc::new(Scratch::new()));
