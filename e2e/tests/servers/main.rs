//! A shop of separate processes on real servers.

#[path = "../all/process/program.rs"]
mod program;

mod auditing;
mod killing;
mod restoring;
mod town;
