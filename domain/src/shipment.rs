//! A parcel, stream `shipment-{id}`: packed, dispatched, delivered. Its own stream decides whether a cancellation or
//! a hold came before the dispatch. Invariants: a parcel leaves at most once; it does not leave while it is held,
//! after it was cancelled, or after the last instant at which its amount can be captured.

use std::collections::{BTreeMap, BTreeSet};

use schemas::life_cycle::HoldReason;
use schemas::order::ShippingMethod;
use schemas::reservation::LineAtLocation;
use schemas::shipment::{ShipmentEvent, ShipmentPlanned, TrackingUpdated};
use schemas::{LocationId, OrderId, Sealed, ShipmentId, Timestamp};

use crate::{Aggregate, Changes, Reads, Refusal, Seen};

mod cancel;
mod carrier;
mod holds;
mod journey;
mod plan;
mod ready;
#[cfg(test)]
mod tests;

pub use cancel::CancelShipment;
pub use carrier::{LabelCall, LabelImpossible, LabelPrinted, label_call};
pub use journey::{ConfirmDelivery, MOST_ATTEMPTS, RecordDeliveryAttempt, ReportLost, UpdateTracking};
pub use plan::PlanShipments;
pub use ready::{Dispatch, Pack};

pub(crate) use cancel::CancelShipments;
pub(crate) use holds::{HoldShipments, LiftHolds};

/// The state of a parcel.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Shipment {
    /// It has not been planned.
    #[default]
    Unplanned,
    Here(Parcel, Readiness),
    OnItsWay(Parcel, Journey),
    /// The time of delivery, as it was reported.
    Delivered(Parcel, Timestamp),
    /// Lost, but may still turn up. The details of the loss, if any are known.
    Lost(Parcel, Journey, Option<String>),
    /// Cancelled before it left.
    Cancelled(Parcel),
}

/// Contents and destination of a parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel {
    pub order_id: OrderId,
    pub order_number: String,
    pub location: LocationId,
    pub lines: Vec<LineAtLocation>,
    pub shipping_method: ShippingMethod,
    /// A sealed [`schemas::Address`].
    pub ship_to: Sealed,
    /// Last instant at which the parcel may leave.
    pub dispatch_by: Timestamp,
    /// Reasons for which the parcel must not leave; empty if it may.
    pub holds: BTreeSet<HoldReason>,
}

/// Progress of the preparation.
#[derive(Clone, Debug, PartialEq)]
pub enum Readiness {
    /// Waiting to be packed.
    Planned,
    /// Packed; a label was requested.
    Packed,
    /// Ready to be dispatched.
    Labelled(Label),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub carrier: String,
    pub tracking_number: String,
    pub tracking_url: String,
}

/// Progress of a dispatched parcel.
#[derive(Clone, Debug, PartialEq)]
pub struct Journey {
    /// When the dispatch was recorded.
    pub dispatched_at: Timestamp,
    /// Expected time of arrival, as of the dispatch.
    pub eta: Timestamp,
    /// Failed delivery attempts and their reasons, by number.
    pub attempts: BTreeMap<u32, String>,
    pub last_seen: Option<TrackingUpdated>,
}

impl Aggregate for Shipment {
    type Event = ShipmentEvent;

    fn evolve(self, event: &ShipmentEvent) -> Self {
        self.evolve_at(event, Timestamp::EPOCH)
    }

    fn evolve_at(self, event: &ShipmentEvent, at: Timestamp) -> Self {
        use ShipmentEvent as E;
        match (self, event) {
            (Self::Unplanned, E::ShipmentPlanned(e)) => Self::Here(Parcel::planned(e), Readiness::Planned),
            // The first event is always the plan, so there is no state before it.
            (Self::Unplanned, _) => Self::Unplanned,
            (Self::Here(parcel, _), E::ShipmentPacked(_)) => Self::Here(parcel, Readiness::Packed),
            (Self::Here(parcel, _), E::ShipmentLabelled(e)) => {
                let (carrier, tracking_number) = (e.carrier.clone(), e.tracking_number.clone());
                let label = Label { carrier, tracking_number, tracking_url: e.tracking_url.clone() };
                Self::Here(parcel, Readiness::Labelled(label))
            }
            (Self::Here(mut parcel, readiness), E::ShipmentHeld(e)) => {
                parcel.holds.insert(e.reason);
                Self::Here(parcel, readiness)
            }
            (Self::Here(mut parcel, readiness), E::ShipmentHoldLifted(e)) => {
                parcel.holds.remove(&e.reason);
                parcel.dispatch_by = e.dispatch_by;
                Self::Here(parcel, readiness)
            }
            (state, E::ShipmentDispatched(e)) => {
                state.moved(|parcel| Self::OnItsWay(parcel, Journey::begun(at, e.eta)))
            }
            (Self::OnItsWay(parcel, journey), E::TrackingUpdated(e)) => {
                Self::OnItsWay(parcel, Journey { last_seen: Some(e.clone()), ..journey })
            }
            (Self::OnItsWay(parcel, mut journey), E::DeliveryAttemptFailed(e)) => {
                journey.attempts.insert(e.attempt, e.reason.clone());
                Self::OnItsWay(parcel, journey)
            }
            (state, E::ShipmentDelivered(e)) => state.moved(|parcel| Self::Delivered(parcel, e.delivered_at)),
            (Self::OnItsWay(parcel, journey), E::ShipmentLost(e)) => {
                Self::Lost(parcel, journey, e.reason.clone())
            }
            (state, E::ShipmentCancelled(_)) => state.moved(Self::Cancelled),
            (
                state,
                E::ShipmentPlanned(_)
                | E::ShipmentPacked(_)
                | E::ShipmentLabelled(_)
                | E::ShipmentHeld(_)
                | E::ShipmentHoldLifted(_)
                | E::TrackingUpdated(_)
                | E::DeliveryAttemptFailed(_)
                | E::ShipmentLost(_),
            ) => state,
        }
    }
}

impl Shipment {
    /// The parcel; `None` before it is planned.
    pub fn parcel(&self) -> Option<&Parcel> {
        match self {
            Self::Unplanned => None,
            Self::Here(parcel, _)
            | Self::OnItsWay(parcel, _)
            | Self::Delivered(parcel, _)
            | Self::Lost(parcel, ..)
            | Self::Cancelled(parcel) => Some(parcel),
        }
    }

    fn moved(self, to: impl FnOnce(Parcel) -> Self) -> Self {
        match self {
            Self::Unplanned => Self::Unplanned,
            Self::Here(parcel, _)
            | Self::OnItsWay(parcel, _)
            | Self::Delivered(parcel, _)
            | Self::Lost(parcel, ..)
            | Self::Cancelled(parcel) => to(parcel),
        }
    }

    /// Refuses `wanted` ("be packed"): states the parcel's situation and what is possible now.
    fn illegal(&self, wanted: &str) -> Refusal {
        let (is, possible) = match self {
            Self::Unplanned => return Refusal::not_found("parcel").retryable(),
            Self::Here(_, Readiness::Planned) => ("is waiting to be packed", "pack it or cancel it"),
            Self::Here(_, Readiness::Packed) => {
                ("is waiting for the carrier's label", "wait for the label or cancel it")
            }
            Self::Here(_, Readiness::Labelled(_)) => ("is ready to leave", "dispatch it or cancel it"),
            Self::OnItsWay(..) => (
                "is on its way",
                "update its tracking, record a failed delivery, confirm its delivery or report it lost",
            ),
            Self::Delivered(..) => ("was delivered", "nothing"),
            Self::Lost(..) => ("is lost", "confirm its delivery if it turns up"),
            Self::Cancelled(_) => ("was cancelled", "nothing"),
        };
        let message = format!("The parcel cannot {wanted}: it {is}. Possible now: {possible}.");
        Refusal::rule("ILLEGAL_TRANSITION", message)
    }
}

impl Journey {
    fn begun(dispatched_at: Timestamp, eta: Timestamp) -> Self {
        Self { dispatched_at, eta, attempts: BTreeMap::new(), last_seen: None }
    }
}

impl Parcel {
    fn planned(event: &ShipmentPlanned) -> Self {
        Self {
            order_id: event.order_id,
            order_number: event.order_number.clone(),
            location: event.location.clone(),
            lines: event.lines.clone(),
            shipping_method: event.shipping_method,
            ship_to: event.ship_to.clone(),
            dispatch_by: event.dispatch_by,
            holds: BTreeSet::new(),
        }
    }
}

fn reads_all(shipment_ids: &[ShipmentId]) -> Reads {
    shipment_ids.iter().fold(Reads::default(), |reads, id| reads.and::<Shipment>(id.stream()))
}

/// Reacts for each of several parcels; never refuses.
fn react<Events: IntoIterator<Item = ShipmentEvent>>(
    shipment_ids: &[ShipmentId],
    seen: &Seen,
    rule: impl Fn(ShipmentId, &Shipment) -> Events,
) -> Changes {
    let mut changes = Changes::none();
    for shipment_id in shipment_ids.iter().copied().collect::<BTreeSet<_>>() {
        let stream = shipment_id.stream();
        for event in rule(shipment_id, seen.state_ref(&stream).unwrap_or(&Shipment::Unplanned)) {
            changes.push(&stream, event);
        }
    }
    changes
}
