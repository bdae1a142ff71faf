//! The invariants of a whole shop. They are checked against the logs, without the rules of the domain.

use anyhow::{Context as _, Result};
use event_log::port::{Log, Read, StoredEvent};
use schemas::{Context, EventSet, Recorded, Topic};
use serde::Serialize;

use crate::shop::Shop;

pub mod orders;
pub mod payments;
mod read_models;
pub mod stock;
mod topics;

use orders::Orders;
use payments::Payments;
pub use read_models::Rebuilding;
use stock::Stocks;

/// The result of checking an invariant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invariant {
    /// The invariant, in words.
    pub name: &'static str,
    pub holds: bool,
    /// What was checked. If the invariant does not hold: the number of violations and the first few.
    pub detail: String,
}

/// Checks all invariants. All consumers must have caught up ([`Shop::settled`]); roles may be running. The check
/// rebuilds every projection, so it takes about as long as projecting the events did; `report` receives its progress.
pub async fn check(shop: &Shop, report: impl FnMut(Rebuilding) + Send) -> Result<Vec<Invariant>> {
    let mut all = check_logs(shop).await?;
    all.push(read_models::equal_the_log(shop, report).await?);
    Ok(all)
}

/// Checks the invariants of logs and topics; read models are not checked.
pub async fn check_logs(shop: &Shop) -> Result<Vec<Invariant>> {
    let stocks = Stocks::read(shop).await?;
    let orders = Orders::read(shop).await?;
    let payments = Payments::read(shop).await?;
    let mut all = stocks.invariants();
    all.push(orders.none_is_stuck(shop).await?);
    all.push(payments.cancelled_orders_are_not_charged(&orders));
    all.push(payments.agree_with(&orders));
    all.push(payments.stay_within_what_was_authorised());
    all.push(orders.one_per_command());
    all.push(topics::hold_every_event_once(shop).await?);
    Ok(all)
}

/// Violations of an invariant: their number, and descriptions of the first few.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    count: u64,
    first: Vec<String>,
}

/// Number of violations that are described.
const DESCRIBED: usize = 3;

impl Findings {
    pub(crate) fn add(&mut self, wrong: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < DESCRIBED {
            self.first.push(wrong());
        }
    }

    /// The result of the check. `checked` describes what was checked.
    pub(crate) fn result(&self, name: &'static str, checked: String) -> Invariant {
        let detail = match self.count {
            0 => checked,
            count => format!("{count} violations in {checked}: {}", self.first.join("; ")),
        };
        Invariant { name, holds: self.count == 0, detail }
    }
}

const PAGE: usize = 2_000;

/// Calls `each` with every event of a log, from the first to the current head.
pub async fn walk(log: &dyn Log, mut each: impl FnMut(&StoredEvent) -> Result<()>) -> Result<()> {
    let mut position = 0;
    loop {
        let page = log.read(Read::After(position), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        position = last.envelope.position;
        page.iter().try_for_each(&mut each)?;
    }
}

/// Calls `each` with every event of a topic, read from the source log and decoded.
pub async fn walk_topic<E: EventSet>(
    shop: &Shop,
    topic: Topic,
    mut each: impl FnMut(Recorded<E>) -> Result<()>,
) -> Result<()> {
    walk(log(shop, topic.context())?, |stored| {
        if stored.envelope.topic() != Some(topic) {
            return Ok(());
        }
        let read = Recorded::read(stored.envelope.as_ref().clone(), &stored.payload);
        each(read.with_context(|| format!("{} cannot be read", stored.envelope.token()))?)
    })
    .await
}

/// The log of a context. Fails if the shop has none.
pub fn log(shop: &Shop, context: Context) -> Result<&dyn Log> {
    let log = shop.log(context).with_context(|| format!("the shop has no log of {context}"))?;
    Ok(log.as_ref())
}
