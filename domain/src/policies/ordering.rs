//! Policies of ordering: the order records the answers of the other contexts.

use std::sync::Arc;

use schemas::Recorded;
use schemas::payment::PaymentEvent;
use schemas::reservation::ReservationEvent;
use schemas::shipment::ShipmentEvent;

use crate::order::{
    AuthorizationExpired, CaptureFailed, ParcelCancelled, ParcelDelivered, ParcelDispatched, ParcelLost,
    PaymentAnswer, PaymentAnswered, PaymentCaptured, PaymentVoided, RefundFailed, RefundSucceeded,
    StockAnswer, StockAnswered,
};
use crate::{Decision, ShopRules};

pub(super) fn about_reservations(
    recorded: &Recorded<ReservationEvent>,
    rules: &Arc<ShopRules>,
) -> Option<Arc<dyn Decision>> {
    let (order_id, answer) = match &recorded.event {
        ReservationEvent::ReservationConfirmed(e) => (e.order_id, StockAnswer::Confirmed(e.lines.clone())),
        ReservationEvent::ReservationRejected(e) => (e.order_id, StockAnswer::Rejected(e.shortages.clone())),
        ReservationEvent::ReservationReleased(_) | ReservationEvent::ReservationConsumed(_) => return None,
    };
    Some(Arc::new(StockAnswered { order_id, answer, rules: Arc::clone(rules) }))
}

pub(super) fn about_payments(
    recorded: &Recorded<PaymentEvent>,
    rules: &Arc<ShopRules>,
) -> Option<Arc<dyn Decision>> {
    use PaymentEvent as E;
    let rules = Arc::clone(rules);
    Some(match &recorded.event {
        E::PaymentAuthorized(e) => {
            let answer = PaymentAnswer::Authorized { amount: e.amount, authorized_until: e.authorized_until };
            Arc::new(PaymentAnswered { order_id: e.order_id, answer, rules })
        }
        E::PaymentCaptured(e) => Arc::new(PaymentCaptured {
            order_id: e.order_id,
            shipment_id: e.shipment_id,
            amount: e.amount,
            rules,
        }),
        E::PaymentDeclined(e) => {
            let (code, retryable, attempts_left) = (e.code, e.retryable, e.attempts_left);
            let answer = PaymentAnswer::Declined { code, retryable, attempts_left };
            Arc::new(PaymentAnswered { order_id: e.order_id, answer, rules })
        }
        E::PaymentCaptureFailed(e) => {
            Arc::new(CaptureFailed { order_id: e.order_id, shipment_id: e.shipment_id, rules })
        }
        E::PaymentAuthorizationExpired(e) => Arc::new(AuthorizationExpired { order_id: e.order_id, rules }),
        E::PaymentVoided(e) => Arc::new(PaymentVoided { order_id: e.order_id, amount: e.amount, rules }),
        E::RefundSucceeded(e) => {
            let (refund_id, amount, refunded) = (e.refund_id.clone(), e.amount, e.refunded);
            Arc::new(RefundSucceeded { order_id: e.order_id, refund_id, amount, refunded, rules })
        }
        E::RefundFailed(e) => {
            let (refund_id, amount) = (e.refund_id.clone(), e.amount);
            Arc::new(RefundFailed { order_id: e.order_id, refund_id, amount, rules })
        }
        E::PaymentRequested(_)
        | E::PaymentActionRequired(_)
        | E::PaymentCaptureRequested(_)
        | E::PaymentVoidRequested(_)
        | E::PaymentVoidFailed(_)
        | E::PaymentRemainderReleased(_)
        | E::RefundRequested(_)
        | E::PaymentCancelled(_)
        | E::LatePaymentDetected(_)
        | E::PaymentOutcomeUnknown(_)
        | E::PaymentInquiryRequested(_)
        | E::ChargebackReceived(_) => return None,
    })
}

pub(super) fn about_shipments(
    recorded: &Recorded<ShipmentEvent>,
    rules: &Arc<ShopRules>,
) -> Option<Arc<dyn Decision>> {
    use ShipmentEvent as E;
    let rules = Arc::clone(rules);
    Some(match &recorded.event {
        E::ShipmentDispatched(e) => Arc::new(ParcelDispatched {
            order_id: e.order_id,
            shipment_id: e.shipment_id,
            carrier: e.carrier.clone(),
            tracking_number: e.tracking_number.clone(),
            eta: e.eta,
            rules,
        }),
        E::ShipmentDelivered(e) => {
            Arc::new(ParcelDelivered { order_id: e.order_id, shipment_id: e.shipment_id, rules })
        }
        E::ShipmentCancelled(e) => {
            Arc::new(ParcelCancelled { order_id: e.order_id, shipment_id: e.shipment_id, rules })
        }
        E::ShipmentLost(e) => {
            Arc::new(ParcelLost { order_id: e.order_id, shipment_id: e.shipment_id, rules })
        }
        E::ShipmentPlanned(_)
        | E::ShipmentPacked(_)
        | E::ShipmentLabelled(_)
        | E::TrackingUpdated(_)
        | E::DeliveryAttemptFailed(_)
        | E::ShipmentHeld(_)
        | E::ShipmentHoldLifted(_) => return None,
    })
}
