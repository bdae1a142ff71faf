//! The running reactors: the runner that carries each of them, local views, deadline schedulers, and adapters to services
//! outside the shop. `domain::policies` lists the reactors and the events that they answer.

#![warn(unreachable_pub)]

use std::sync::Arc;

use domain::ShopRules;
use domain::policies::{REACTORS, ReactorKind};
use platform::sealing::Sealer;

pub mod adapters;
pub mod deadline_scheduler;
mod effects;
pub mod local_view_updater;
mod positions;
pub mod progress;
pub mod reactor;
mod rule;
pub mod runner;

use adapters::Adapters;
use reactor::Reactor;

/// All reactors that answer with decisions, in the order of [`REACTORS`]. Local views have an updater instead.
pub fn all(rules: &Arc<ShopRules>, sealer: &Sealer, adapters: &Adapters) -> Vec<Arc<dyn Reactor>> {
    REACTORS
        .iter()
        .filter_map(|spec| match spec.kind {
            ReactorKind::Rule(_) => Some(rule::of(spec, rules)),
            ReactorKind::Effect(effect) => Some(effects::of(effect, spec, rules, sealer, adapters)),
            ReactorKind::View(_) => None,
        })
        .collect()
}
