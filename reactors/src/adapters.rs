//! The outside world: the only places that call it, each behind a small port, with sandboxes for a shop without contracts.

pub mod carrier;
pub mod guarded;
pub mod provider;
pub mod sandbox_carrier;
pub mod sandbox_provider;
