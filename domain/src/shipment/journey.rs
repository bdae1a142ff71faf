//! A parcel on its way, told by the carrier or by staff.

use schemas::shipment::{DeliveryAttemptFailed, ShipmentDelivered, ShipmentLost, TrackingUpdated};
use schemas::{ShipmentId, Timestamp};

use super::{Shipment, decide, reads};
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// The carrier saw it. Quiet when that is the latest that is known.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Debug)]
pub struct UpdateTracking {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// What the carrier says.
    pub status: String,
    /// Where it was seen (a place, not an address).
    pub place: Option<String>,
    /// When it should arrive, if that changed.
    pub eta: Option<Timestamp>,
}

impl Decision for UpdateTracking {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| match shipment {
            Shipment::OnItsWay(parcel, journey) => {
                let update = TrackingUpdated {
                    shipment_id: self.shipment_id,
                    order_id: parcel.order_id,
                    status: self.status.clone(),
                    place: self.place.clone(),
                    eta: self.eta,
                };
                Ok((journey.last_seen.as_ref() != Some(&update)).then(|| update.into()))
            }
            other => Err(other.illegal("be followed")),
        })
    }
}

/// Nobody took it. Quiet for a try that is known.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Debug)]
pub struct RecordDeliveryAttempt {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// The number of the try, from 1; the next, where the carrier does not count.
    pub attempt: Option<u32>,
    /// What the carrier says.
    pub reason: String,
}

impl Decision for RecordDeliveryAttempt {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| match shipment {
            Shipment::OnItsWay(parcel, journey) => {
                let attempt = self.attempt.unwrap_or(journey.attempts.saturating_add(1));
                let (shipment_id, order_id) = (self.shipment_id, parcel.order_id);
                let failed =
                    DeliveryAttemptFailed { shipment_id, order_id, attempt, reason: self.reason.clone() };
                Ok((attempt > journey.attempts).then(|| failed.into()))
            }
            other => Err(other.illegal("fail to be delivered")),
        })
    }
}

/// It arrived; a lost one may turn up. Quiet when repeated.
///
/// Refuses with `INVALID_TIME` for an arrival in the future, with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Copy, Debug)]
pub struct ConfirmDelivery {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// When; now, where it is not said.
    pub delivered_at: Option<Timestamp>,
}

impl Decision for ConfirmDelivery {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| match shipment {
            Shipment::OnItsWay(parcel, _) | Shipment::Lost(parcel) => {
                let delivered_at = self.delivered_at.unwrap_or(now);
                if delivered_at > now {
                    let refusal =
                        Refusal::rule("INVALID_TIME", "The parcel cannot have arrived in the future.");
                    return Err(refusal.at("deliveredAt"));
                }
                let (shipment_id, order_id) = (self.shipment_id, parcel.order_id);
                Ok(Some(ShipmentDelivered { shipment_id, order_id, delivered_at }.into()))
            }
            Shipment::Delivered(_) => Ok(None),
            other => Err(other.illegal("be delivered")),
        })
    }
}

/// It is lost. Quiet when repeated.
///
/// Refuses with `NOT_FOUND` and `ILLEGAL_TRANSITION`.
#[derive(Clone, Debug)]
pub struct ReportLost {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// What is known.
    pub reason: Option<String>,
}

impl Decision for ReportLost {
    fn reads(&self) -> Reads {
        reads(self.shipment_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.shipment_id, seen, |shipment| match shipment {
            Shipment::OnItsWay(parcel, _) => {
                let (shipment_id, order_id) = (self.shipment_id, parcel.order_id);
                Ok(Some(ShipmentLost { shipment_id, order_id, reason: self.reason.clone() }.into()))
            }
            Shipment::Lost(_) => Ok(None),
            other => Err(other.illegal("be lost")),
        })
    }
}
