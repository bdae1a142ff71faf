//! A shop of separate processes on real servers, which are killed and restarted under load.

mod chaos;
mod deployment;
#[cfg(feature = "long")]
mod faults;
mod golden;
#[cfg(feature = "long")]
mod healing;
mod hot_views;
#[cfg(feature = "long")]
mod members;
mod moving;
mod restoring;
mod servers;
#[cfg(feature = "long")]
mod sinks;
mod tracing;
mod two_command_apis;
mod up;

/// Held by tests that keep the whole machine busy, so that they take turns.
static WHOLE_MACHINE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
