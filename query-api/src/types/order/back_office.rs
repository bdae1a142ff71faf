//! The fields of an order that only the back office sees.

use crate::execution::Ctx;
use async_graphql::{Result, SimpleObject};
use query_api_macros::{Fields, object};

use super::Document;
use crate::scalars::DateTime;
use crate::types::stock::Reservation;

#[derive(Clone)]
pub(crate) struct BackOffice(pub(super) Document);

/// The fields of an order that only the back office sees.
#[object]
impl BackOffice {
    /// Id of the customer who placed the order. Null for a guest.
    fn customer_id(&self) -> Option<&str> {
        self.0.value.customer_id.as_deref()
    }

    /// Id of the order's event stream: `order-` and the order's id.
    fn stream(&self) -> &str {
        &self.0.id
    }

    /// Free-text reason for the cancellation. Null if none was given or personal data was erased.
    async fn cancel_text(&self, ctx: &Ctx<'_>) -> Result<Option<String>> {
        match &self.0.value.cancel_text {
            Some(text) => Ok(ctx.reader().open(text, "text").await?),
            None => Ok(None),
        }
    }

    /// Notes that staff added to the order, oldest first.
    async fn notes(&self, ctx: &Ctx<'_>) -> Result<Vec<Note>> {
        let mut notes = Vec::new();
        for note in &self.0.value.notes {
            let text = ctx.reader().open(&note.note, "note").await?;
            notes.push(Note { text, at: (&note.at).into() });
        }
        Ok(notes)
    }
}

#[derive(Clone)]
pub(crate) struct OrderReservation(pub(super) Document);

/// The fields of an order that only the back office sees and that are read from other documents.
#[object]
impl OrderReservation {
    /// Stock reservation of the order. Null until inventory has answered, or, with an error, if reservations
    /// cannot be read.
    async fn reservation(&self, ctx: &Ctx<'_>) -> Result<Option<Reservation>> {
        Ok(ctx.reader().reservation(&self.0.value.order_id).await?.map(Reservation))
    }
}

/// A note that staff added to an order.
#[derive(SimpleObject, Fields)]
struct Note {
    /// Text of the note. Null if personal data was erased.
    text: Option<String>,
    /// Time when the note was added.
    at: DateTime,
}
