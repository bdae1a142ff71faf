//! Packing and dispatching a parcel.

use std::time::Duration;

use schemas::life_cycle::HoldReason;
use schemas::order::ShippingMethod;
use schemas::shipment::{ShipmentDispatched, ShipmentPacked};
use schemas::{ShipmentId, Timestamp};

use super::{Label, Parcel, Readiness, Shipment};
use crate::one_stream::one_stream;
use crate::{Draft, Refusal, times};

/// The expected arrival: its field, and its name in sentences.
pub(super) const ARRIVAL: (&str, &str) = ("eta", "The expected arrival");

/// Marks a parcel as packed. A repetition has no effect.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Copy, Debug)]
pub struct Pack {
    pub shipment_id: ShipmentId,
}

one_stream!(Pack, Shipment, |it| it.shipment_id.stream(), pack);

fn pack(shipment: &mut Draft<'_, Shipment>, command: &Pack) -> Result<(), Refusal> {
    match shipment.state() {
        Shipment::Here(parcel, Readiness::Planned) => {
            let packed = ShipmentPacked {
                shipment_id: command.shipment_id,
                order_id: parcel.order_id,
                shipping_method: parcel.shipping_method,
                ship_to: parcel.ship_to.clone(),
            };
            shipment.append(packed);
        }
        Shipment::Here(_, Readiness::Packed | Readiness::Labelled(_)) => {}
        other => return Err(other.illegal("be packed")),
    }
    Ok(())
}

/// Records that the carrier has taken the parcel. A repetition has no effect. Refuses with `SHIPMENT_ON_HOLD` while
/// it may not leave, with `AUTHORIZATION_EXPIRED` if its amount can no longer be captured, with `INVALID_TIME` for an
/// arrival in the past or more than a year away, with `ALREADY_DISPATCHED` if it has left with another arrival, with
/// `ILLEGAL_TRANSITION` without a label or after the journey, and with `NOT_FOUND`.
#[derive(Clone, Copy, Debug)]
pub struct Dispatch {
    pub shipment_id: ShipmentId,
    /// Expected time of arrival; `None` for three days from now, or one day for express.
    pub eta: Option<Timestamp>,
}

one_stream!(Dispatch, Shipment, |it| it.shipment_id.stream(), dispatch);

fn dispatch(shipment: &mut Draft<'_, Shipment>, command: &Dispatch) -> Result<(), Refusal> {
    match shipment.state() {
        Shipment::Here(parcel, Readiness::Labelled(label)) => {
            may_leave(parcel, shipment.now())?;
            if let Some(eta) = command.eta {
                times::expected(ARRIVAL, eta, shipment.now())?;
            }
            let eta = command.eta.unwrap_or_else(|| shipment.now().plus(travel_time(parcel.shipping_method)));
            shipment.append(dispatched(command.shipment_id, parcel, label, eta));
        }
        Shipment::OnItsWay(_, journey) if command.eta.is_none_or(|eta| eta == journey.eta) => {}
        Shipment::OnItsWay(_, journey) => {
            let message = format!(
                "The parcel has already left, with expected arrival {}. Report a new one as a tracking update.",
                journey.eta
            );
            return Err(Refusal::rule("ALREADY_DISPATCHED", message).at("eta"));
        }
        // The carrier's label arrives by itself.
        packed @ Shipment::Here(_, Readiness::Packed) => {
            return Err(packed.illegal("be dispatched").retryable());
        }
        other => return Err(other.illegal("be dispatched")),
    }
    Ok(())
}

fn may_leave(parcel: &Parcel, now: Timestamp) -> Result<(), Refusal> {
    if !parcel.holds.is_empty() {
        let reasons: Vec<_> = parcel.holds.iter().copied().map(HoldReason::name).collect();
        let message = format!("The order is on hold ({}). Resolve the hold first.", reasons.join(", "));
        return Err(Refusal::rule("SHIPMENT_ON_HOLD", message).retryable());
    }
    if now > parcel.dispatch_by {
        let message = format!(
            "The payment could be captured only until {}. Request a new authorisation, or cancel the parcel.",
            parcel.dispatch_by
        );
        return Err(Refusal::rule("AUTHORIZATION_EXPIRED", message).retryable());
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
