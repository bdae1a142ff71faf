//! Reports about a dispatched parcel, by the carrier or staff.

use schemas::shipment::{DeliveryAttemptFailed, ShipmentDelivered, ShipmentLost, TrackingUpdated};
use schemas::{ShipmentId, Timestamp};

use super::ready::ARRIVAL;
use super::{Journey, Shipment};
use crate::one_stream::one_stream;
use crate::{Draft, Refusal, times};

/// The highest number of a delivery attempt.
pub const MOST_ATTEMPTS: u32 = 100;

/// Records a tracking report. No effect if it equals the latest one.
///
/// Refuses with `INVALID_TIME` for an arrival in the past or more than a year away, and with `NOT_FOUND` and
/// `ILLEGAL_TRANSITION`.
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
            if journey.last_seen.as_ref() == Some(&update) {
                return Ok(());
            }
            if let Some(eta) = command.eta {
                times::expected(ARRIVAL, eta, shipment.now())?;
            }
            shipment.append(update);
        }
        other => return Err(other.illegal("be followed")),
    }
    Ok(())
}

/// Records a failed delivery attempt. No effect if the attempt is known with the same reason.
///
/// Refuses with `ATTEMPT_RECORDED` if it is known with another reason, with `OUT_OF_RANGE` if its number is 0 or higher
/// than [`MOST_ATTEMPTS`], and with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
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
            let attempt = command.attempt.unwrap_or_else(|| journey.next_attempt());
            if !(1..=MOST_ATTEMPTS).contains(&attempt) {
                let message = format!("The number of an attempt must be from 1 to {MOST_ATTEMPTS}.");
                return Err(Refusal::rule("OUT_OF_RANGE", message).at("attempt"));
            }
            match journey.attempts.get(&attempt) {
                Some(reason) if *reason == command.reason => return Ok(()),
                Some(reason) => return Err(recorded_already(attempt, reason)),
                None => {}
            }
            let (shipment_id, order_id) = (command.shipment_id, parcel.order_id);
            let reason = command.reason.clone();
            shipment.append(DeliveryAttemptFailed { shipment_id, order_id, attempt, reason });
        }
        other => return Err(other.illegal("fail to be delivered")),
    }
    Ok(())
}

fn recorded_already(attempt: u32, reason: &str) -> Refusal {
    let message = format!(
        "Attempt {attempt} was already recorded with the reason \"{reason}\". Use another number, or leave it out for the next one."
    );
    Refusal::rule("ATTEMPT_RECORDED", message).at("attempt")
}

impl Journey {
    /// The number after the highest one within the limit: old events may have numbers beyond it.
    fn next_attempt(&self) -> u32 {
        let known = self.attempts.range(..=MOST_ATTEMPTS).next_back();
        known.map_or(1, |(number, _)| number.saturating_add(1))
    }
}

/// Records the delivery of a parcel, even of a lost one. A repetition has no effect.
///
/// Refuses with `INVALID_TIME` if the delivery is in the future or before the dispatch was recorded, with
/// `ALREADY_DELIVERED` if it is known with another time, and with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmDelivery {
    pub shipment_id: ShipmentId,
    /// `None` for now.
    pub delivered_at: Option<Timestamp>,
}

one_stream!(ConfirmDelivery, Shipment, |it| it.shipment_id.stream(), confirm_delivery);

fn confirm_delivery(shipment: &mut Draft<'_, Shipment>, command: &ConfirmDelivery) -> Result<(), Refusal> {
    match shipment.state() {
        Shipment::OnItsWay(parcel, journey) | Shipment::Lost(parcel, journey, _) => {
            if let Some(at) = command.delivered_at {
                let after = ("the dispatch", journey.dispatched_at);
                times::happened(("deliveredAt", "The delivery"), at, after, shipment.now())?;
            }
            let delivered_at = command.delivered_at.unwrap_or(shipment.now());
            let (shipment_id, order_id) = (command.shipment_id, parcel.order_id);
            shipment.append(ShipmentDelivered { shipment_id, order_id, delivered_at });
        }
        Shipment::Delivered(_, known) if command.delivered_at.is_none_or(|at| at == *known) => {}
        Shipment::Delivered(_, known) => {
            let message = format!("The delivery was already recorded, at {known}. It cannot be changed.");
            return Err(Refusal::rule("ALREADY_DELIVERED", message).at("deliveredAt"));
        }
        other => return Err(other.illegal("be delivered")),
    }
    Ok(())
}

/// Reports a parcel lost. A repetition has no effect.
///
/// Refuses with `ALREADY_LOST` if the loss is known with other details, and with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
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
        Shipment::Lost(_, _, known) if command.reason.is_none() || command.reason == *known => {}
        Shipment::Lost(..) => {
            let message =
                "The loss was already recorded, with other details. Add a note to the order instead.";
            return Err(Refusal::rule("ALREADY_LOST", message).at("reason"));
        }
        other => return Err(other.illegal("be lost")),
    }
    Ok(())
}
