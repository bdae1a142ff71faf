//! Shipments.

use crate::execution::Ctx;
use query_api_macros::{Fields, object};
use std::sync::Arc;

use async_graphql::{ID, Result, SimpleObject};
use read_models::documents::shipments;

use super::names::{HoldReason, ShipmentStatus, ShippingMethod, all_named, named};
use super::order::Address;
use super::stock::LineAtLocation;
use crate::id::global;
use crate::page::listed;
use crate::reader::Doc;
use crate::scalars::{DateTime, Int, instant};

#[derive(Clone)]
pub(crate) struct Shipment(pub(crate) Arc<Doc<shipments::Shipment>>);

/// A shipment: one parcel of an order, packed and sent from one location.
#[object]
impl Shipment {
    /// Global id of the shipment.
    pub(crate) fn id(&self) -> ID {
        global("Shipment", &self.0.value.shipment_id)
    }

    /// Global id of the order that the shipment belongs to.
    fn order_id(&self) -> ID {
        global("Order", &self.0.value.order_id)
    }

    /// Number of the order. Null if the shipment was cancelled before it was planned.
    fn order_number(&self) -> Option<&str> {
        self.0.value.order_number.as_deref()
    }

    /// Current state of the parcel.
    fn status(&self) -> Result<ShipmentStatus> {
        Ok(named(&self.0.value.status)?)
    }

    /// Location that the parcel leaves from. Null if the shipment was cancelled before it was planned.
    fn location(&self) -> Option<&str> {
        self.0.value.location.as_deref()
    }

    /// Delivery speed. Null if the shipment was cancelled before it was planned.
    fn shipping_method(&self) -> Result<Option<ShippingMethod>> {
        Ok(self.0.value.shipping_method.as_deref().map(named).transpose()?)
    }

    /// Contents of the parcel, by order line.
    fn lines(&self) -> Vec<LineAtLocation> {
        self.0.value.lines.iter().map(LineAtLocation::from).collect()
    }

    /// Delivery address. Null if personal data was erased or the shipment was cancelled before it was
    /// planned.
    async fn ship_to(&self, ctx: &Ctx<'_>) -> Result<Option<Address>> {
        Address::open(ctx, self.0.value.ship_to.as_ref(), "shipTo").await
    }

    /// Latest time for dispatch. Null if the shipment was cancelled before it was planned.
    fn dispatch_by(&self) -> Option<DateTime> {
        instant(self.0.value.dispatch_by.as_ref())
    }

    /// Reasons that currently prevent dispatch. Empty if there are none.
    fn held_for(&self) -> Result<Vec<HoldReason>> {
        Ok(all_named(&self.0.value.held_for)?)
    }

    /// Name of the carrier. Null until the parcel is packed.
    fn carrier(&self) -> Option<&str> {
        self.0.value.carrier.as_deref()
    }

    /// Tracking number given by the carrier. Null until the carrier has provided a label.
    fn tracking_number(&self) -> Option<&str> {
        self.0.value.tracking_number.as_deref()
    }

    /// URL of the carrier's tracking page. Null until the carrier has provided a label.
    fn tracking_url(&self) -> Option<&str> {
        self.0.value.tracking_url.as_deref()
    }

    /// Expected time of delivery, as estimated by the carrier. Null until the carrier has provided a label.
    fn eta(&self) -> Option<DateTime> {
        instant(self.0.value.eta.as_ref())
    }

    /// Number of failed delivery attempts so far: the highest number that was reported.
    fn failed_attempts(&self) -> Int {
        Int(self.0.value.failed_attempts)
    }

    /// Up to 50 latest tracking updates of the carrier, newest first.
    fn tracking(&self) -> Vec<Tracking> {
        self.0.value.tracking.iter().map(Tracking::from).collect()
    }

    /// Version of the shipment's stream: the number of its events so far.
    fn version(&self) -> u64 {
        self.0.version
    }

    /// Time when the shipment was planned, or cancelled before that.
    fn planned_at(&self) -> DateTime {
        (&self.0.value.planned_at).into()
    }

    /// Time when the parcel was packed. Null until then.
    fn packed_at(&self) -> Option<DateTime> {
        instant(self.0.value.packed_at.as_ref())
    }

    /// Time when the parcel was dispatched. Null until then.
    fn dispatched_at(&self) -> Option<DateTime> {
        instant(self.0.value.dispatched_at.as_ref())
    }

    /// Time of delivery, as reported by the carrier. Null until then.
    fn delivered_at(&self) -> Option<DateTime> {
        instant(self.0.value.delivered_at.as_ref())
    }

    /// Time of the latest change to the shipment.
    fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

listed!(Shipment, shipments::Shipment);

/// A tracking update of the carrier.
#[derive(SimpleObject, Fields)]
struct Tracking {
    /// Status of the parcel in the carrier's words, 1 to 200 characters.
    status: String,
    /// Place where the parcel was seen. Null if the carrier did not report one.
    place: Option<String>,
    /// Time when the carrier reported the update.
    at: DateTime,
}

impl From<&shipments::Tracking> for Tracking {
    fn from(said: &shipments::Tracking) -> Self {
        Self { status: said.status.clone(), place: said.place.clone(), at: (&said.at).into() }
    }
}
