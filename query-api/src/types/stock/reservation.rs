//! Stock reservations of orders.

use query_api_macros::object;
use std::sync::Arc;

use async_graphql::{ID, Result};
use read_models::documents::reservations;

use super::{LineAtLocation, Shortage};
use crate::id::global;
use crate::page::listed;
use crate::reader::Doc;
use crate::scalars::DateTime;
use crate::types::names::{ReservationStatus, named};

#[derive(Clone)]
pub(crate) struct Reservation(pub(crate) Arc<Doc<reservations::Reservation>>);

/// Stock reserved for one order.
#[object]
impl Reservation {
    /// Global id of the reservation.
    pub(crate) fn id(&self) -> ID {
        global("Reservation", &self.0.value.order_id)
    }

    /// Global id of the order that the stock is reserved for.
    fn order_id(&self) -> ID {
        global("Order", &self.0.value.order_id)
    }

    /// Current state of the reservation.
    fn status(&self) -> Result<ReservationStatus> {
        Ok(named(&self.0.value.status)?)
    }

    /// What was reserved, by order line and location.
    fn lines(&self) -> Vec<LineAtLocation> {
        self.0.value.lines.iter().map(LineAtLocation::from).collect()
    }

    /// The part that is still reserved, by order line and location.
    fn held(&self) -> Vec<LineAtLocation> {
        self.0.value.held.iter().map(LineAtLocation::from).collect()
    }

    /// Every SKU that was short. Empty unless the reservation was rejected.
    fn shortages(&self) -> Vec<Shortage> {
        self.0.value.shortages.iter().map(Shortage::from).collect()
    }

    /// Reason code for the release. Null if nothing was released.
    fn release_reason(&self) -> Option<&str> {
        self.0.value.release_reason.as_deref()
    }

    /// Version of the reservation's stream: the number of its events so far.
    fn version(&self) -> u64 {
        self.0.version
    }

    /// Time when inventory answered the order.
    fn created_at(&self) -> DateTime {
        (&self.0.value.created_at).into()
    }

    /// Time of the latest change to the reservation.
    fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

listed!(Reservation, reservations::Reservation);
