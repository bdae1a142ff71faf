//! Services outside the shop, each behind a small port, with a sandbox for shops without a
//! contract. Only adapters call such services.

use std::sync::Arc;

use platform::clock::Clock;

pub mod carrier;
pub mod guarded;
pub mod provider;
pub mod sandbox_carrier;
pub mod sandbox_provider;

use carrier::Carrier;
use provider::PaymentProvider;
use sandbox_carrier::SandboxCarrier;
use sandbox_provider::SandboxProvider;

/// The services that reactors call.
#[derive(Clone)]
pub struct Adapters {
    /// Authorises, captures, voids and refunds payments.
    pub payment_provider: Arc<dyn PaymentProvider>,
    /// Prints labels of parcels.
    pub carrier: Arc<dyn Carrier>,
}

impl Adapters {
    /// A sandbox for each service.
    pub fn sandboxes(clock: &Clock) -> Self {
        Self {
            payment_provider: Arc::new(SandboxProvider::new(clock.clone())),
            carrier: Arc::new(SandboxCarrier),
        }
    }
}
