//! What must be true of a shop whatever happened to it: checked over the logs themselves, without asking the rules that made them.

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

/// A statement, and whether it is true of a shop.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Statement {
    /// What is stated.
    pub name: &'static str,
    /// Whether it is so.
    pub holds: bool,
    /// What it was checked on; where it does not hold, what is wrong.
    pub detail: String,
}

/// Checks all statements. The shop must be at rest ([`Shop::settled`]); its roles may be running. Every projection is built anew
/// for it, so it takes about as long as the events took to be projected; `told` hears how far that is.
pub async fn check(shop: &Shop, told: impl FnMut(Rebuilding) + Send) -> Result<Vec<Statement>> {
    let mut all = check_logs(shop).await?;
    all.push(read_models::equal_the_log(shop, told).await?);
    Ok(all)
}

/// Checks what can be seen in the logs and topics alone.
pub async fn check_logs(shop: &Shop) -> Result<Vec<Statement>> {
    let stocks = Stocks::read(shop).await?;
    let orders = Orders::read(shop).await?;
    let payments = Payments::read(shop).await?;
    let mut all = stocks.statements();
    all.push(orders.none_is_stuck(shop).await?);
    all.push(payments.cancelled_orders_are_not_charged(&orders));
    all.push(payments.agree_with(&orders));
    all.push(payments.stay_within_what_was_authorised());
    all.push(orders.one_per_command());
    all.push(topics::hold_every_event_once(shop).await?);
    Ok(all)
}

/// What was found to be wrong: how often, and the first of it in words.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    count: u64,
    first: Vec<String>,
}

/// So many findings are told in words.
const TOLD: usize = 3;

impl Findings {
    pub fn add(&mut self, wrong: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < TOLD {
            self.first.push(wrong());
        }
    }

    /// `checked` says what was looked at.
    pub fn state(&self, name: &'static str, checked: String) -> Statement {
        let detail = match self.count {
            0 => checked,
            count => format!("{count} violations in {checked}: {}", self.first.join("; ")),
        };
        Statement { name, holds: self.count == 0, detail }
    }
}

/// Events that are read at a time.
const PAGE: usize = 2_000;

/// Tells every event of a log, from its beginning to its present end.
pub async fn walk(log: &dyn Log, mut each: impl FnMut(&StoredEvent) -> Result<()>) -> Result<()> {
    let mut position = 0;
    loop {
        let page = log.read(Read::After(position), PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        position = last.envelope.position;
        page.iter().try_for_each(&mut each)?;
    }
}

/// Tells every event of a topic from its source log, decoded.
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
