//! Hot views on a real Redis.

#[path = "redis/losses.rs"]
mod losses;
#[path = "redis/memory.rs"]
mod memory;
#[path = "redis/scratch.rs"]
mod scratch;
#[path = "redis/server.rs"]
mod server;

use scratch::Scratch;

read_models::keyed_suite!(Scratch::new());
read_models::repair_suite!(Scratch::new());
