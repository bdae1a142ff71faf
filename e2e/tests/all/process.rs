//! Tests of the real program.

mod auditing;
mod clients;
mod descriptors;
mod earlier_version;
mod first_start;
#[cfg(feature = "long")]
mod full_disk;
mod generated;
mod killing;
mod output;
mod refusing;
mod serving;
#[cfg(feature = "long")]
mod subscribers;
mod tokens;
mod verifying;
