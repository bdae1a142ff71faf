//! From where the lines of an order leave: fewest parcels, then the shop's order of locations.

use std::collections::BTreeMap;

use schemas::{LocationId, Sku};

use crate::ShopRules;

/// So many sets of locations are tried before the choice becomes greedy: enough to be exact for 10 locations.
const TRIES: usize = 1_024;

/// Units that are wanted, and that are free by location.
pub(super) struct Demand {
    pub qty: u32,
    pub free: BTreeMap<LocationId, u32>,
}

/// The fewest locations that have everything, best first; among those the ones that the shop prefers. Every SKU's free units
/// must suffice over all locations. Exact where the sets to try are few; otherwise each next location is the one that has
/// most of what is missing.
pub(super) fn choose(demands: &BTreeMap<Sku, Demand>, rules: &ShopRules) -> Vec<LocationId> {
    let mut candidates: Vec<LocationId> =
        demands.values().flat_map(|demand| demand.free.keys().cloned()).collect();
    candidates.sort_by_key(|location| rules.rank(location));
    candidates.dedup();
    let mut tries = TRIES;
    for size in 1..=candidates.len() {
        let mut set: Vec<usize> = (0..size).collect();
        loop {
            let locations = || set.iter().map(|&i| &candidates[i]);
            if demands.values().all(|demand| missing(demand, locations()) == 0) {
                return locations().cloned().collect();
            }
            tries -= 1;
            if tries == 0 {
                return greedy(demands, candidates);
            }
            if !next_set(&mut set, candidates.len()) {
                break;
            }
        }
    }
    candidates
}

/// Takes the wanted units from the chosen locations: from the first one that has them all, otherwise from one after the other.
pub(super) fn allot(demand: &Demand, chosen: &[LocationId]) -> Vec<(LocationId, u32)> {
    let free = |location: &LocationId| demand.free.get(location).copied().unwrap_or(0);
    if let Some(location) = chosen.iter().find(|location| free(location) >= demand.qty) {
        return vec![(location.clone(), demand.qty)];
    }
    let mut left = demand.qty;
    let mut parts = Vec::new();
    for location in chosen {
        let qty = free(location).min(left);
        if qty > 0 {
            parts.push((location.clone(), qty));
            left -= qty;
        }
    }
    parts
}

fn missing<'a>(demand: &Demand, locations: impl Iterator<Item = &'a LocationId>) -> u32 {
    locations.fold(demand.qty, |left, location| {
        left.saturating_sub(demand.free.get(location).copied().unwrap_or(0))
    })
}

fn greedy(demands: &BTreeMap<Sku, Demand>, mut candidates: Vec<LocationId>) -> Vec<LocationId> {
    let mut chosen: Vec<LocationId> = Vec::new();
    let lacks = |chosen: &[LocationId], more: Option<&LocationId>| -> u64 {
        let of = |demand: &Demand| u64::from(missing(demand, chosen.iter().chain(more)));
        demands.values().map(of).sum()
    };
    while lacks(&chosen, None) > 0 && !candidates.is_empty() {
        let best =
            (0..candidates.len()).min_by_key(|&i| (lacks(&chosen, Some(&candidates[i])), i)).unwrap_or(0);
        chosen.push(candidates.remove(best));
    }
    chosen
}

/// The next set of as many of `0..count`, in the order of the alphabet; `false` after the last one.
fn next_set(set: &mut [usize], count: usize) -> bool {
    let size = set.len();
    let Some(moving) = (0..size).rev().find(|&i| set[i] < count - size + i) else { return false };
    set[moving] += 1;
    for i in moving + 1..size {
        set[i] = set[i - 1] + 1;
    }
    true
}
