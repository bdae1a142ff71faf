//! Notes on an order.

use schemas::life_cycle::Step;
use schemas::order::OrderNoteAdded;
use schemas::{OrderId, Sealed};

use super::Order;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Adds a note to an order, whatever its status. The same text in another command is a second note.
#[derive(Clone, Debug)]
pub struct AddNote {
    pub order_id: OrderId,
    pub note: Sealed,
}

one_stream!(AddNote, Order, |it| it.order_id.stream(), add_note);

fn add_note(order: &mut Draft<'_, Order>, command: &AddNote) -> Result<(), Refusal> {
    let (Some(placed), Some(status)) = (order.placed(), order.status()) else {
        return Err(Refusal::not_found("order"));
    };
    if !status.allows(Step::NoteAdded) {
        let message = format!("No note can be added to an order with status {status}.");
        return Err(Refusal::rule("ILLEGAL_TRANSITION", message));
    }
    let (order_id, order_number) = (command.order_id, placed.order_number.clone());
    order.append(OrderNoteAdded { order_id, order_number, note: command.note.clone() });
    Ok(())
}
