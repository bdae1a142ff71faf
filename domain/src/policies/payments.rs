//! Policies of payments.

use std::sync::Arc;

use schemas::life_cycle::WayOut;
use schemas::order::{Departure, OrderEvent, OrderHoldResolved};
use schemas::{OrderId, Recorded};

use crate::Decision;
use crate::payment::{
    CancelPayment, Reauthorize, RequestCapture, RequestPayment, RequestRefund, RetryCapture, RetryRefunds,
    SettleCancelledLines,
};

pub(super) fn about_orders(recorded: &Recorded<OrderEvent>) -> Option<Arc<dyn Decision>> {
    use OrderEvent as E;
    match &recorded.event {
        E::OrderStockConfirmed(e) => {
            let (order_id, amount, payment_token) = (e.order_id, e.amount, e.payment_token.clone());
            Some(Arc::new(RequestPayment { order_id, amount, payment_token }))
        }
        E::OrderPaymentRetryRequested(e) => {
            let (order_id, amount, payment_token) = (e.order_id, e.amount, e.payment_token.clone());
            Some(Arc::new(RequestPayment { order_id, amount, payment_token }))
        }
        E::OrderPartiallyShipped(e) => Some(capture(e.order_id, &e.departure, false)),
        E::OrderShipped(e) => Some(capture(e.order_id, &e.departure, true)),
        E::OrderLinesCancelled(e) => Some(Arc::new(SettleCancelledLines {
            order_id: e.order_id,
            refund_id: format!("lines-{}", recorded.envelope.version),
            refund_due: e.refund_due,
        })),
        E::OrderHoldResolved(e) => resolve(e),
        E::OrderCancelled(e) => Some(Arc::new(CancelPayment { order_id: e.order_id })),
        E::OrderExpired(e) => Some(Arc::new(CancelPayment { order_id: e.order_id })),
        E::OrderPlaced(_)
        | E::OrderStockRejected(_)
        | E::OrderPaymentAuthorized(_)
        | E::OrderPaymentFailed(_)
        | E::OrderConfirmed(_)
        | E::OrderCancellationRequested(_)
        | E::OrderParcelCancelled(_)
        | E::OrderCancellationRefused(_)
        | E::OrderOverdue(_)
        | E::OrderPutOnHold(_)
        | E::OrderHoldReleased(_)
        | E::OrderParcelDelivered(_)
        | E::OrderDelivered(_)
        | E::OrderCompleted(_)
        | E::OrderPaymentCaptured(_)
        | E::OrderPaymentVoided(_)
        | E::OrderRefunded(_)
        | E::OrderNoteAdded(_) => None,
    }
}

fn capture(order_id: OrderId, departure: &Departure, last: bool) -> Arc<dyn Decision> {
    let (shipment_id, amount) = (departure.shipment_id, departure.capture);
    Arc::new(RequestCapture { order_id, shipment_id, amount, last })
}

fn resolve(resolved: &OrderHoldResolved) -> Option<Arc<dyn Decision>> {
    let (order_id, shipment_id) = (resolved.order_id, resolved.shipment_id);
    match resolved.way_out {
        WayOut::RetryCapture => Some(Arc::new(RetryCapture { order_id, shipment_id })),
        WayOut::Reauthorize => {
            let (amount, payment_token) = (resolved.amount, resolved.payment_token.clone());
            Some(Arc::new(Reauthorize { order_id, amount, payment_token }))
        }
        WayOut::Refund => Some(match (shipment_id, resolved.amount) {
            (Some(parcel), Some(amount)) => {
                Arc::new(RequestRefund { order_id, refund_id: parcel.to_string(), amount, shipment_id })
            }
            _ => Arc::new(RetryRefunds { order_id }),
        }),
        WayOut::Release | WayOut::CancelRest => None,
    }
}
