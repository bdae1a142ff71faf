//! The reactors that call a service outside the shop, one file each.

use std::sync::Arc;

use domain::ShopRules;
use domain::policies::{Effect, ReactorSpec};
use platform::sealing::Sealer;

use crate::adapters::Adapters;
use crate::reactor::Reactor;

mod carrier;
mod payment_provider;

use carrier::LabelCalls;
use payment_provider::ProviderCalls;

/// The reactor of an effect.
pub(crate) fn of(
    effect: Effect,
    spec: &'static ReactorSpec,
    rules: &Arc<ShopRules>,
    sealer: &Sealer,
    adapters: &Adapters,
) -> Arc<dyn Reactor> {
    match effect {
        Effect::PaymentProvider => {
            let provider = Arc::clone(&adapters.payment_provider);
            Arc::new(ProviderCalls::new(spec, Arc::clone(rules), sealer.clone(), provider))
        }
        Effect::Carrier => Arc::new(LabelCalls::new(spec, sealer.clone(), Arc::clone(&adapters.carrier))),
    }
}
