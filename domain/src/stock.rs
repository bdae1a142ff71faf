//! One SKU in all its locations. Invariants: 0 ≤ reserved ≤ on hand at every location; an order is given back, and takes with
//! it, no more than it holds; what can be promised is on hand − reserved − safety stock over all locations, never below 0.

use std::collections::{BTreeMap, VecDeque};

use schemas::stock::{StockEvent, StockPolicy};
use schemas::{LocationId, OrderId, Sku};

use crate::{Aggregate, Refusal};

mod adjusting;
mod draft;
mod levels;
mod opening;
mod promising;
mod receiving;
mod thresholds;
mod transferring;

pub use adjusting::{AdjustStock, Adjustment};
pub use levels::{Levels, Place};
pub use opening::OpenStockItem;
pub use receiving::ReceiveStock;
pub use thresholds::SetThresholds;
pub use transferring::TransferStock;

pub(crate) use promising::{Part, commit, release, reserve};

/// No more of one SKU is counted than this, over all locations; sums of levels therefore fit their type.
pub const MOST: u32 = 1_000_000_000;
/// A SKU is kept at no more locations than this.
pub const PLACES: usize = 50;
/// So many deliveries and transfers are remembered, to know a repeated one.
const REMEMBERED: usize = 200;

/// Whether stock of a SKU is counted.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stock {
    /// It is not, or not yet.
    #[default]
    Unopened,
    /// It is.
    Counted(Box<Item>),
}

/// What is known of a SKU whose stock is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Which.
    pub sku: Sku,
    /// What happens when it runs out.
    pub policy: StockPolicy,
    /// How much there is.
    pub levels: Levels,
    /// What orders hold, by order and location; never 0.
    pub held: BTreeMap<(OrderId, LocationId), u32>,
    /// The latest deliveries with a reference, and how many units came.
    deliveries: VecDeque<(LocationId, String, u32)>,
    /// The latest transfers, by their ids.
    transfers: VecDeque<String>,
}

impl Aggregate for Stock {
    type Event = StockEvent;

    fn evolve(self, event: &StockEvent) -> Self {
        match (self, event) {
            (Self::Unopened, StockEvent::StockItemOpened(opened)) => Self::Counted(Box::new(Item {
                sku: opened.sku.clone(),
                policy: opened.policy,
                levels: Levels::default(),
                held: BTreeMap::new(),
                deliveries: VecDeque::new(),
                transfers: VecDeque::new(),
            })),
            (Self::Unopened, _) => Self::Unopened,
            (Self::Counted(mut item), event) => {
                item.evolve(event);
                Self::Counted(item)
            }
        }
    }
}

impl Stock {
    /// The item, when its stock is counted.
    pub fn item(&self) -> Option<&Item> {
        match self {
            Self::Unopened => None,
            Self::Counted(item) => Some(item),
        }
    }

    fn counted(&self, sku: &Sku) -> Result<&Item, Refusal> {
        self.item().ok_or_else(|| {
            let message =
                format!("Stock of {sku} is not counted: add a variant whose stock is tracked first.");
            Refusal { message, ..Refusal::not_found("stock item") }.at("sku")
        })
    }
}

impl Item {
    /// How many units of it an order holds at a location.
    pub(crate) fn held_by(&self, order: OrderId, location: &LocationId) -> u32 {
        self.held.get(&(order, location.clone())).copied().unwrap_or(0)
    }

    fn evolve(&mut self, event: &StockEvent) {
        match event {
            StockEvent::StockReceived(e) => {
                self.levels.add(&e.location, e.qty);
                if let Some(reference) = &e.reference {
                    remember(&mut self.deliveries, (e.location.clone(), reference.clone(), e.qty));
                }
            }
            StockEvent::StockAdjusted(e) => self.levels.correct(&e.location, e.delta),
            StockEvent::StockThresholdsSet(e) => {
                self.levels.low_stock = e.low_stock;
                self.levels.safety_stock = e.safety_stock;
            }
            StockEvent::StockReserved(e) => {
                self.levels.reserve(&e.location, e.qty);
                let held = self.held.entry((e.order_id, e.location.clone())).or_default();
                *held = held.saturating_add(e.qty);
            }
            StockEvent::StockReleased(e) => {
                self.levels.release(&e.location, e.qty);
                self.reduce_held(e.order_id, &e.location, e.qty);
            }
            StockEvent::StockCommitted(e) => {
                self.levels.release(&e.location, e.qty);
                self.levels.take(&e.location, e.qty);
                self.reduce_held(e.order_id, &e.location, e.qty);
            }
            StockEvent::StockTransferredOut(e) => {
                self.levels.take(&e.from, e.qty);
                remember(&mut self.transfers, e.transfer_id.clone());
            }
            StockEvent::StockTransferredIn(e) => self.levels.add(&e.to, e.qty),
            // The opening is past; the edges repeat what the levels say.
            StockEvent::StockItemOpened(_)
            | StockEvent::LowStockReached(_)
            | StockEvent::StockDepleted(_)
            | StockEvent::BackInStock(_) => {}
        }
    }

    fn reduce_held(&mut self, order: OrderId, location: &LocationId, qty: u32) {
        let key = (order, location.clone());
        let left = self.held.get(&key).copied().unwrap_or(0).saturating_sub(qty);
        if left == 0 {
            self.held.remove(&key);
        } else {
            self.held.insert(key, left);
        }
    }
}

fn remember<T>(latest: &mut VecDeque<T>, entry: T) {
    if latest.len() == REMEMBERED {
        latest.pop_front();
    }
    latest.push_back(entry);
}
