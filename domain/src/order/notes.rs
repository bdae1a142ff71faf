//! What people write on an order.

use schemas::life_cycle::Step;
use schemas::order::{OrderEvent, OrderNoteAdded};
use schemas::{OrderId, Sealed, Timestamp};

use super::Order;
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// Somebody writes something on an order, wherever it stands. Writing the same again is a second note.
#[derive(Clone, Debug)]
pub struct AddNote {
    /// The order.
    pub order_id: OrderId,
    /// The note, sealed.
    pub note: Sealed,
}

impl Decision for AddNote {
    fn reads(&self) -> Reads {
        Reads::stream::<Order>(self.order_id.stream())
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        let stream = self.order_id.stream();
        let order = seen.state::<Order>(&stream);
        let (Some(placed), Some(status)) = (order.placed(), order.status()) else {
            return Err(Refusal::not_found("order"));
        };
        if !status.allows(Step::NoteAdded) {
            return Err(Refusal::rule(
                "ILLEGAL_TRANSITION",
                format!("No note can be added to an order that is {status}."),
            ));
        }
        let (order_id, order_number, note) = (self.order_id, placed.order_number.clone(), self.note.clone());
        Ok(Changes::of(&stream, [OrderEvent::from(OrderNoteAdded { order_id, order_number, note })]))
    }
}
