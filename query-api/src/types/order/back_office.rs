//! What only the shop sees of an order.

use async_graphql::{Context, Object, Result, SimpleObject};

use super::Document;
use crate::reader::reader;
use crate::scalars::DateTime;
use crate::types::stock::Reservation;

/// What only the shop sees of an order.
#[derive(Clone)]
pub(crate) struct BackOffice(pub(super) Document);

/// What only the shop sees of an order.
#[Object]
impl BackOffice {
    /// Who ordered; none for a guest.
    async fn customer_id(&self) -> Option<&str> {
        self.0.value.customer_id.as_deref()
    }

    /// The stream of its events.
    async fn stream(&self) -> &str {
        &self.0.id
    }

    /// Why it was cancelled, in somebody's words; null once it was erased.
    async fn cancel_text(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        match &self.0.value.cancel_text {
            Some(text) => Ok(reader(ctx)?.open(text, "text").await?),
            None => Ok(None),
        }
    }

    /// What somebody wrote on it, oldest first.
    async fn notes(&self, ctx: &Context<'_>) -> Result<Vec<Note>> {
        let mut notes = Vec::new();
        for note in &self.0.value.notes {
            let text = reader(ctx)?.open(&note.note, "note").await?;
            notes.push(Note { text, at: (&note.at).into() });
        }
        Ok(notes)
    }

    /// What it has reserved; null while inventory has not answered, or that cannot be read.
    async fn reservation(&self, ctx: &Context<'_>) -> Result<Option<Reservation>> {
        Ok(reader(ctx)?.reservation(&self.0.value.order_id).await?.map(Reservation))
    }
}

/// A note on an order.
#[derive(SimpleObject)]
struct Note {
    /// What was written; null once it was erased.
    text: Option<String>,
    /// When.
    at: DateTime,
}
