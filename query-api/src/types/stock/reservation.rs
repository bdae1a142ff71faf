//! What orders have reserved.

use std::sync::Arc;

use async_graphql::{ID, Object, Result};
use read_models::documents::reservations;

use super::{LineAtLocation, Shortage};
use crate::id::global;
use crate::page::{Listed, Named};
use crate::reader::Doc;
use crate::scalars::DateTime;
use crate::types::names::{ReservationStatus, named};

/// What an order has reserved.
#[derive(Clone)]
pub(crate) struct Reservation(pub(crate) Arc<Doc<reservations::Reservation>>);

/// What an order has reserved.
#[Object]
impl Reservation {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("Reservation", &self.0.value.order_id)
    }

    /// For which order.
    async fn order_id(&self) -> ID {
        global("Order", &self.0.value.order_id)
    }

    /// What became of it.
    async fn status(&self) -> Result<ReservationStatus> {
        Ok(named(&self.0.value.status)?)
    }

    /// What was reserved.
    async fn lines(&self) -> Vec<LineAtLocation> {
        self.0.value.lines.iter().map(LineAtLocation::from).collect()
    }

    /// What of it is still held.
    async fn held(&self) -> Vec<LineAtLocation> {
        self.0.value.held.iter().map(LineAtLocation::from).collect()
    }

    /// Every SKU that was short.
    async fn shortages(&self) -> Vec<Shortage> {
        self.0.value.shortages.iter().map(Shortage::from).collect()
    }

    /// Why it was given back, as a code.
    async fn release_reason(&self) -> Option<&str> {
        self.0.value.release_reason.as_deref()
    }

    /// The version of its stream.
    async fn version(&self) -> u64 {
        self.0.version
    }

    /// When inventory answered.
    async fn created_at(&self) -> DateTime {
        (&self.0.value.created_at).into()
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

impl Named for Reservation {
    const NAME: &'static str = "Reservation";
}

impl Listed for Reservation {
    type Document = reservations::Reservation;

    fn of(document: Arc<Doc<reservations::Reservation>>) -> Self {
        Self(document)
    }
}
