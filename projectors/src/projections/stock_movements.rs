//! The stock ledger: every event that moved a figure.

use platform::bus::Record;
use read_models::documents::stock_movements::{self, Figures, StockMovement};
use schemas::envelope::Spoken;
use schemas::stock::{Level, LevelsAfter, StockEvent};
use schemas::{LineId, LocationId, OrderId, Topic};

use crate::projection::{ApplyError, Entry, Journal, Projection};
use crate::published::{actor, code, event_ref, time};

/// Journal of the stock topic.
pub static STOCK_MOVEMENTS: Projection =
    Projection::journal(&stock_movements::STOCK_MOVEMENTS, &[Topic::STOCK], &Journal(entries));

/// The parts that differ between kinds of movements.
struct Moved<'a> {
    kind: &'static str,
    qty: i64,
    location: &'a LocationId,
    after: &'a LevelsAfter,
    other_location: Option<&'a LocationId>,
    order: Option<(OrderId, &'a [LineId])>,
    reason: Option<String>,
    reference: Option<String>,
}

/// One entry for an event that moved a figure, none for the others.
pub fn entries(record: &Record) -> Result<Vec<Entry<StockMovement>>, ApplyError> {
    let event = Journal::read::<StockEvent>(record)?;
    let Some(moved) = moved(&event.event) else { return Ok(Vec::new()) };
    let (order_id, line_ids) = moved.order.unzip();
    let document = StockMovement {
        sku: record.envelope.stream.key().to_owned(),
        version: record.envelope.version,
        kind: moved.kind.to_owned(),
        qty: moved.qty,
        location: moved.location.to_string(),
        other_location: moved.other_location.map(ToString::to_string),
        order_id: order_id.map(|id| id.to_string()),
        line_ids: line_ids.unwrap_or_default().iter().map(|line| line.0).collect(),
        reason: moved.reason,
        reference: moved.reference,
        after_at_location: figures(moved.after.at_location),
        after_in_all: figures(moved.after.in_all),
        at: time(record.envelope.time),
        actor: actor(&Spoken::read(&record.payload)?.actor),
        event: event_ref(&record.envelope),
    };
    Ok(vec![Entry { id: record.envelope.id.to_string(), document }])
}

fn moved(event: &StockEvent) -> Option<Moved<'_>> {
    let plain = |kind, qty: i64, location, after| Moved {
        kind,
        qty,
        location,
        after,
        other_location: None,
        order: None,
        reason: None,
        reference: None,
    };
    Some(match event {
        StockEvent::StockReceived(e) => {
            Moved { reference: e.reference.clone(), ..plain("RECEIVED", e.qty.into(), &e.location, &e.after) }
        }
        StockEvent::StockAdjusted(e) => {
            Moved { reason: Some(code(&e.reason)), ..plain("ADJUSTED", e.delta, &e.location, &e.after) }
        }
        StockEvent::StockReserved(e) => {
            let order = Some((e.order_id, e.line_ids.as_slice()));
            Moved { order, ..plain("RESERVED", e.qty.into(), &e.location, &e.after) }
        }
        StockEvent::StockReleased(e) => {
            let order = Some((e.order_id, e.line_ids.as_slice()));
            Moved { order, ..plain("RELEASED", e.qty.into(), &e.location, &e.after) }
        }
        StockEvent::StockCommitted(e) => {
            let order = Some((e.order_id, e.line_ids.as_slice()));
            Moved { order, ..plain("COMMITTED", e.qty.into(), &e.location, &e.after) }
        }
        StockEvent::StockTransferredOut(e) => {
            let reference = Some(e.transfer_id.clone());
            let other_location = Some(&e.to);
            Moved { reference, other_location, ..plain("TRANSFERRED_OUT", e.qty.into(), &e.from, &e.after) }
        }
        StockEvent::StockTransferredIn(e) => {
            let reference = Some(e.transfer_id.clone());
            let other_location = Some(&e.from);
            Moved { reference, other_location, ..plain("TRANSFERRED_IN", e.qty.into(), &e.to, &e.after) }
        }
        StockEvent::StockItemOpened(_)
        | StockEvent::StockThresholdsSet(_)
        | StockEvent::LowStockReached(_)
        | StockEvent::StockDepleted(_)
        | StockEvent::BackInStock(_) => return None,
    })
}

fn figures(level: Level) -> Figures {
    Figures { on_hand: level.on_hand, reserved: level.reserved, available: level.available }
}
