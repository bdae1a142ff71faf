//! Parcels.

use std::sync::Arc;

use async_graphql::{Context, ID, Object, Result, SimpleObject};
use read_models::documents::shipments;

use super::names::{HoldReason, ShipmentStatus, ShippingMethod, all_named, named};
use super::order::Address;
use super::stock::LineAtLocation;
use crate::id::global;
use crate::page::{Listed, Named};
use crate::reader::Doc;
use crate::scalars::{DateTime, instant};

/// A parcel.
#[derive(Clone)]
pub(crate) struct Shipment(pub(crate) Arc<Doc<shipments::Shipment>>);

/// A parcel.
#[Object]
impl Shipment {
    /// Its global id.
    pub(crate) async fn id(&self) -> ID {
        global("Shipment", &self.0.value.shipment_id)
    }

    /// The order it belongs to.
    async fn order_id(&self) -> ID {
        global("Order", &self.0.value.order_id)
    }

    /// The order's number; none for a parcel that was called off before it was planned.
    async fn order_number(&self) -> Option<&str> {
        self.0.value.order_number.as_deref()
    }

    /// Where it is.
    async fn status(&self) -> Result<ShipmentStatus> {
        Ok(named(&self.0.value.status)?)
    }

    /// From where it leaves.
    async fn location(&self) -> Option<&str> {
        self.0.value.location.as_deref()
    }

    /// How it travels.
    async fn shipping_method(&self) -> Result<Option<ShippingMethod>> {
        Ok(self.0.value.shipping_method.as_deref().map(named).transpose()?)
    }

    /// What goes into it.
    async fn lines(&self) -> Vec<LineAtLocation> {
        self.0.value.lines.iter().map(LineAtLocation::from).collect()
    }

    /// Where it goes; null once it was erased.
    async fn ship_to(&self, ctx: &Context<'_>) -> Result<Option<Address>> {
        Address::open(ctx, self.0.value.ship_to.as_ref(), "shipTo").await
    }

    /// It may not leave after this.
    async fn dispatch_by(&self) -> Option<DateTime> {
        instant(self.0.value.dispatch_by.as_ref())
    }

    /// Why it may not leave for now.
    async fn held_for(&self) -> Result<Vec<HoldReason>> {
        Ok(all_named(&self.0.value.held_for)?)
    }

    /// Who carries it.
    async fn carrier(&self) -> Option<&str> {
        self.0.value.carrier.as_deref()
    }

    /// The carrier's number for it.
    async fn tracking_number(&self) -> Option<&str> {
        self.0.value.tracking_number.as_deref()
    }

    /// Where it can be followed.
    async fn tracking_url(&self) -> Option<&str> {
        self.0.value.tracking_url.as_deref()
    }

    /// When it should arrive.
    async fn eta(&self) -> Option<DateTime> {
        instant(self.0.value.eta.as_ref())
    }

    /// How often nobody took it.
    async fn failed_attempts(&self) -> u32 {
        self.0.value.failed_attempts
    }

    /// The last things that the carrier said, newest first.
    async fn tracking(&self) -> Vec<Tracking> {
        self.0.value.tracking.iter().map(Tracking::from).collect()
    }

    /// The version of its stream.
    async fn version(&self) -> u64 {
        self.0.version
    }

    /// When it was planned, or called off.
    async fn planned_at(&self) -> DateTime {
        (&self.0.value.planned_at).into()
    }

    /// When everything was in the box.
    async fn packed_at(&self) -> Option<DateTime> {
        instant(self.0.value.packed_at.as_ref())
    }

    /// When it left.
    async fn dispatched_at(&self) -> Option<DateTime> {
        instant(self.0.value.dispatched_at.as_ref())
    }

    /// When it arrived, as the carrier says.
    async fn delivered_at(&self) -> Option<DateTime> {
        instant(self.0.value.delivered_at.as_ref())
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        (&self.0.value.updated_at).into()
    }
}

impl Named for Shipment {
    const NAME: &'static str = "Shipment";
}

impl Listed for Shipment {
    type Document = shipments::Shipment;

    fn of(document: Arc<Doc<shipments::Shipment>>) -> Self {
        Self(document)
    }
}

/// Something that the carrier said.
#[derive(SimpleObject)]
struct Tracking {
    /// In the carrier's words.
    status: String,
    /// Where it was seen.
    place: Option<String>,
    /// When it was said.
    at: DateTime,
}

impl From<&shipments::Tracking> for Tracking {
    fn from(said: &shipments::Tracking) -> Self {
        Self { status: said.status.clone(), place: said.place.clone(), at: (&said.at).into() }
    }
}
