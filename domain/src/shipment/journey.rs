//! Reports about a dispatched parcel, by the carrier or staff.

use schemas::shipment::{DeliveryAttemptFailed, ShipmentDelivered, ShipmentLost, TrackingUpdated};
use schemas::{ShipmentId, Timestamp};

use super::Shipment;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Records a tracking report. No effect if it equals the latest one.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Debug)]
pub struct UpdateTracking {
    pub shipment_id: ShipmentId,
    pub status: String,
    /// Place of the scan, for example a city; never a street address.
    pub place: Option<String>,
    /// New expected time of arrival; `None` if unchanged.
    pub eta: Option<Timestamp>,
}

one_stream!(UpdateTracking, Shipment, |it| it.shipment_id.stream(), update_tracking);

fn update_tracking(shipment: &mut Draft<'_, Shipment>, command: &UpdateTracking) -> Result<(), Refusal> {
    match shipment.state() {
        Shipment::OnItsWay(parcel, journey) => {
            let update = TrackingUpdated {
                shipment_id: command.shipment_id,
                order_id: parcel.order_id,
                status: command.status.clone(),
                place: command.place.clone(),
                eta: command.eta,
            };
            if journey.last_seen.as_ref() != Some(&update) {
                shipment.append(update);
            }
        }
        other => return Err(other.illegal("be followed")),
    }
    Ok(())
}

/// Records a failed delivery attempt. No effect if the attempt is known.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Debug)]
pub struct RecordDeliveryAttempt {
    pub shipment_id: ShipmentId,
    /// Number of the attempt, from 1; `None` for the next one.
    pub attempt: Option<u32>,
    pub reason: String,
}

one_stream!(RecordDeliveryAttempt, Shipment, |it| it.shipment_id.stream(), record_delivery_attempt);

fn record_delivery_attempt(
    shipment: &mut Draft<'_, Shipment>,
    command: &RecordDeliveryAttempt,
) -> Result<(), Refusal> {
    match shipment.state() {
        Shipment::OnItsWay(parcel, journey) => {
            let attempt = command.attempt.unwrap_or(journey.attempts.saturating_add(1));
            let (shipment_id, order_id) = (command.shipment_id, parcel.order_id);
            let failed =
                DeliveryAttemptFailed { shipment_id, order_id, attempt, reason: command.reason.clone() };
            if attempt > journey.attempts {
                shipment.append(failed);
            }
        }
        other => return Err(other.illegal("fail to be delivered")),
    }
    Ok(())
}

/// Records the delivery of a parcel, even of a lost one. A repetition has no effect.
///
/// Refuses with `INVALID_TIME` if the delivery is in the future, and with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmDelivery {
    pub shipment_id: ShipmentId,
    /// `None` for now.
    pub delivered_at: Option<Timestamp>,
}

one_stream!(ConfirmDelivery, Shipment, |it| it.shipment_id.stream(), confirm_delivery);

fn confirm_delivery(shipment: &mut Draft<'_, Shipment>, command: &ConfirmDelivery) -> Result<(), Refusal> {
    match shipment.state() {
        Shipment::OnItsWay(parcel, _) | Shipment::Lost(parcel) => {
            let delivered_at = command.delivered_at.unwrap_or(shipment.now());
            if delivered_at > shipment.now() {
                let refusal = Refusal::rule(
                    "INVALID_TIME",
                    "The delivery is in the future. Correct deliveredAt, or leave it out.",
                );
                return Err(refusal.at("deliveredAt"));
            }
            let (shipment_id, order_id) = (command.shipment_id, parcel.order_id);
            shipment.append(ShipmentDelivered { shipment_id, order_id, delivered_at });
        }
        Shipment::Delivered(_) => {}
        other => return Err(other.illegal("be delivered")),
    }
    Ok(())
}

/// Reports a parcel lost. A repetition has no effect.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Debug)]
pub struct ReportLost {
    pub shipment_id: ShipmentId,
    /// Details about the loss.
    pub reason: Option<String>,
}

one_stream!(ReportLost, Shipment, |it| it.shipment_id.stream(), report_lost);

fn report_lost(shipment: &mut Draft<'_, Shipment>, command: &ReportLost) -> Result<(), Refusal> {
    match shipment.state() {
        Shipment::OnItsWay(parcel, _) => {
            let (shipment_id, order_id) = (command.shipment_id, parcel.order_id);
            shipment.append(ShipmentLost { shipment_id, order_id, reason: command.reason.clone() });
        }
        Shipment::Lost(_) => {}
        other => return Err(other.illegal("be lost")),
    }
    Ok(())
}
