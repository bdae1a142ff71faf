//! A shop of separate processes on real servers, which are killed and restarted under load.

mod doors;
mod moving;
mod restoring;
mod servers;
mod siege;
mod town;
mod tracing;
