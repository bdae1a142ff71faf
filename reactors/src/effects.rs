//! Who takes part. A participant that only answers with its own context's rules is a row of the score
//! (`domain::policies`); those that call the outside world have a file of their own here.

use std::sync::Arc;

use platform::clock::Clock;
use platform::sealing::Sealer;

use crate::adapters::carrier::Carrier;
use crate::adapters::provider::PaymentProvider;
use crate::participant::Participant;
use domain::ShopRules;

mod carrier;
mod payment_provider;
mod rule;

/// Everybody, in the order of the score.
pub fn all(
    rules: &Arc<ShopRules>,
    sealer: &Sealer,
    provider: Arc<dyn PaymentProvider>,
    carrier: Arc<dyn Carrier>,
) -> Vec<Arc<dyn Participant>> {
    let mut everybody = rule::participants(rules);
    everybody.push(Arc::new(payment_provider::ProviderCalls::new(
        Arc::clone(rules),
        sealer.clone(),
        provider,
    )));
    everybody.push(Arc::new(carrier::LabelCalls::new(sealer.clone(), carrier)));
    everybody
}

/// The sandboxes, for a shop that has no contracts yet.
pub fn sandboxes(clock: &Clock) -> (Arc<dyn PaymentProvider>, Arc<dyn Carrier>) {
    let provider = crate::adapters::sandbox_provider::SandboxProvider::new(clock.clone());
    (Arc::new(provider), Arc::new(crate::adapters::sandbox_carrier::SandboxCarrier))
}
