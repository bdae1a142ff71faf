//! The stock of one SKU at all locations. Invariants: 0 ≤ reserved ≤ on hand at every location; an order never releases or
//! consumes more than it has reserved; available = on hand − reserved − safety stock over all locations, never below 0.

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

/// Maximum number of units of a SKU over all locations, so that sums of levels cannot overflow.
pub const MOST: u32 = 1_000_000_000;
/// Maximum length of the reference of a delivery and of the id of a transfer, in characters.
pub const REFERENCE: usize = 200;
/// Maximum number of locations per SKU.
pub const PLACES: usize = 50;
/// Number of latest deliveries and transfers of a SKU that are kept to recognise repetitions.
const REMEMBERED: usize = 200;

/// State of a stock item.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Stock {
    /// Stock is not counted, or not yet.
    #[default]
    Unopened,
    Counted(Box<Item>),
}

/// A SKU whose stock is counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    pub sku: Sku,
    pub policy: StockPolicy,
    pub levels: Levels,
    /// Units reserved by order and location; never 0.
    pub held: BTreeMap<(OrderId, LocationId), u32>,
    /// The latest deliveries with a reference, and their quantities.
    deliveries: VecDeque<(LocationId, String, u32)>,
    /// The latest transfers.
    transfers: VecDeque<Transfer>,
}

/// A transfer that was carried out.
#[derive(Clone, Debug, PartialEq)]
struct Transfer {
    id: String,
    from: LocationId,
    to: LocationId,
    qty: u32,
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
    /// The item; `None` if its stock is not counted.
    pub fn item(&self) -> Option<&Item> {
        match self {
            Self::Unopened => None,
            Self::Counted(item) => Some(item),
        }
    }

    fn counted(&self, sku: &Sku) -> Result<&Item, Refusal> {
        self.item().ok_or_else(|| {
            let message = format!(
                "Stock of {sku} is not counted. Add a variant with this SKU and `trackStock: true` first; if you just did, try again."
            );
            // The variant may have been added, and its event not have arrived.
            Refusal { message, ..Refusal::not_found("stock item") }.at("sku").retryable()
        })
    }
}

impl Item {
    /// Number of units reserved for an order at a location.
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
                let (id, from, to) = (e.transfer_id.clone(), e.from.clone(), e.to.clone());
                remember(&mut self.transfers, Transfer { id, from, to, qty: e.qty });
            }
            StockEvent::StockTransferredIn(e) => self.levels.add(&e.to, e.qty),
            // The opening changes nothing here, and the edge events repeat what the levels say.
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
