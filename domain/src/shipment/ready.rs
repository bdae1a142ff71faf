//! Packing a parcel and handing it over.

use std::time::Duration;

use schemas::life_cycle::HoldReason;
use schemas::order::ShippingMethod;
use schemas::shipment::{ShipmentDispatched, ShipmentPacked};
use schemas::{ShipmentId, Timestamp};

use super::{Label, Parcel, Readiness, Shipment, decide, reads};
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// Everything is in the box. Quiet when repeated.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Copy, Debug)]
pub struct Pack {
    /// The parcel.
    pub shipment_id: ShipmentId,
}

impl Decision for Pack {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| match shipment {
            Shipment::Here(parcel, Readiness::Planned) => {
                let packed = ShipmentPacked {
                    shipment_id: self.shipment_id,
                    order_id: parcel.order_id,
                    shipping_method: parcel.shipping_method,
                    ship_to: parcel.ship_to.clone(),
                };
                Ok(Some(packed.into()))
            }
            Shipment::Here(_, Readiness::Packed | Readiness::Labelled(_)) => Ok(None),
            other => Err(other.illegal("be packed")),
        })
    }
}

/// The carrier takes it. Quiet when repeated.
///
/// Refuses with `SHIPMENT_ON_HOLD` while it may not leave, with `AUTHORIZATION_EXPIRED` when its money cannot be taken any
/// more, with `INVALID_ETA` for an arrival in the past, with `ILLEGAL_TRANSITION` without a label or when it is not here
/// any more, and with `NOT_FOUND`.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// When it should arrive; three days from now (one, when express) where it is not said.
    pub eta: Option<Timestamp>,
}

impl Decision for Dispatch {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| match shipment {
            Shipment::Here(parcel, Readiness::Labelled(label)) => {
                may_leave(parcel, now)?;
                let eta = self.eta.unwrap_or_else(|| now.plus(travel_time(parcel.shipping_method)));
                if eta < now {
                    let refusal = Refusal::rule("INVALID_ETA", "The parcel cannot arrive before it leaves.");
                    return Err(refusal.at("eta"));
                }
                Ok(Some(dispatched(self.shipment_id, parcel, label, eta).into()))
            }
            Shipment::OnItsWay(..) => Ok(None),
            other => Err(other.illegal("be dispatched")),
        })
    }
}

fn may_leave(parcel: &Parcel, now: Timestamp) -> Result<(), Refusal> {
    if !parcel.holds.is_empty() {
        let reasons: Vec<_> = parcel.holds.iter().copied().map(HoldReason::name).collect();
        let message = format!("The parcel is held ({}): resolve the order's hold first.", reasons.join(", "));
        return Err(Refusal::rule("SHIPMENT_ON_HOLD", message));
    }
    if now > parcel.dispatch_by {
        let message = format!(
            "The money could be taken until {} only: ask the customer's bank again, or cancel.",
            parcel.dispatch_by
        );
        return Err(Refusal::rule("AUTHORIZATION_EXPIRED", message));
    }
    Ok(())
}

fn dispatched(shipment_id: ShipmentId, parcel: &Parcel, label: &Label, eta: Timestamp) -> ShipmentDispatched {
    ShipmentDispatched {
        shipment_id,
        order_id: parcel.order_id,
        order_number: parcel.order_number.clone(),
        location: parcel.location.clone(),
        lines: parcel.lines.clone(),
        carrier: label.carrier.clone(),
        tracking_number: label.tracking_number.clone(),
        tracking_url: label.tracking_url.clone(),
        eta,
    }
}

fn travel_time(method: ShippingMethod) -> Duration {
    match method {
        ShippingMethod::Standard => Duration::from_hours(72),
        ShippingMethod::Express => Duration::from_hours(24),
    }
}
