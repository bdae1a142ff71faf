//! The timeline of each order.

use platform::bus::Record;
use read_models::documents::order_timeline::{self, TimelineEntry};
use schemas::Topic;
use schemas::envelope::Spoken;
use schemas::order::OrderEvent;

use crate::projection::{ApplyError, Entry, Journal, Projection};
use crate::published::{actor, code, event_ref, time};

/// Journal of the order topic.
pub static ORDER_TIMELINE: Projection =
    Projection::journal(&order_timeline::ORDER_TIMELINE, &[Topic::ORDER], &Journal(entries));

/// One entry per event.
pub fn entries(record: &Record) -> Result<Vec<Entry<TimelineEntry>>, ApplyError> {
    let event = Journal::read::<OrderEvent>(record)?;
    let spoken = Spoken::read(&record.payload)?;
    let document = TimelineEntry {
        order_id: record.envelope.stream.key().to_owned(),
        version: record.envelope.version,
        at: time(record.envelope.time),
        name: record.envelope.name.clone(),
        title: spoken.summary,
        actor: actor(&spoken.actor),
        reason: reason(&event.event),
        event: event_ref(&record.envelope),
    };
    Ok(vec![Entry { id: record.envelope.id.to_string(), document }])
}

/// The reason code of events that have one.
fn reason(event: &OrderEvent) -> Option<String> {
    match event {
        OrderEvent::OrderPaymentFailed(e) => Some(code(&e.code)),
        OrderEvent::OrderCancellationRequested(e) => Some(code(&e.reason)),
        OrderEvent::OrderLinesCancelled(e) => Some(code(&e.reason)),
        OrderEvent::OrderCancelled(e) => Some(code(&e.reason)),
        OrderEvent::OrderExpired(e) => Some(code(&e.deadline)),
        OrderEvent::OrderOverdue(e) => Some(code(&e.deadline)),
        OrderEvent::OrderPutOnHold(e) => Some(code(&e.reason)),
        OrderEvent::OrderHoldReleased(e) => Some(code(&e.reason)),
        OrderEvent::OrderHoldResolved(e) => Some(code(&e.reason)),
        OrderEvent::OrderPlaced(_)
        | OrderEvent::OrderStockConfirmed(_)
        | OrderEvent::OrderStockRejected(_)
        | OrderEvent::OrderPaymentAuthorized(_)
        | OrderEvent::OrderPaymentRetryRequested(_)
        | OrderEvent::OrderConfirmed(_)
        | OrderEvent::OrderParcelCancelled(_)
        | OrderEvent::OrderCancellationRefused(_)
        | OrderEvent::OrderPartiallyShipped(_)
        | OrderEvent::OrderShipped(_)
        | OrderEvent::OrderParcelDelivered(_)
        | OrderEvent::OrderDelivered(_)
        | OrderEvent::OrderCompleted(_)
        | OrderEvent::OrderPaymentCaptured(_)
        | OrderEvent::OrderPaymentVoided(_)
        | OrderEvent::OrderRefunded(_)
        | OrderEvent::OrderNoteAdded(_) => None,
    }
}
