//! A shop of separate processes on real servers, which are killed and restarted under load.

mod chaos;
mod deployment;
mod healing;
mod moving;
mod restoring;
mod servers;
mod tracing;
mod two_command_apis;
