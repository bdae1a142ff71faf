//! The life cycle of an order as one table: the source of decisions, `allowedActions` and `docs/order-life-cycle.md`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// All values, in declaration order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as it is stored and published.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

names! {
    /// Situation of an order as a whole.
    OrderStatus {
        /// Accepted; inventory has not answered yet.
        Placed = "PLACED",
        /// All lines are reserved; the payment is not authorised yet.
        StockConfirmed = "STOCK_CONFIRMED",
        /// The payment is authorised; parcels are being prepared.
        Confirmed = "CONFIRMED",
        /// Some parcels have been dispatched.
        InFulfilment = "IN_FULFILMENT",
        /// All remaining parcels have been dispatched.
        Shipped = "SHIPPED",
        /// All remaining parcels have been delivered.
        Delivered = "DELIVERED",
        /// The return window has ended, or no parcel remains.
        Completed = "COMPLETED",
        /// Stock was insufficient; the order has ended.
        Rejected = "REJECTED",
        /// A deadline passed before the payment was authorised; the order has ended.
        Expired = "EXPIRED",
        /// Cancelled before any parcel left; the order has ended.
        Cancelled = "CANCELLED",
    }
}

names! {
    /// Situation of the payment for an order.
    PaymentStatus {
        /// No payment has been requested.
        None = "NONE",
        /// A payment has been requested; its outcome is open.
        Pending = "PENDING",
        /// The amount is set aside at the customer's bank.
        Authorized = "AUTHORIZED",
        /// The amount for some parcels has been captured.
        PartiallyCaptured = "PARTIALLY_CAPTURED",
        /// The amount for all parcels has been captured.
        Captured = "CAPTURED",
        /// A part of the captured amount has been refunded.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// The whole captured amount has been refunded.
        Refunded = "REFUNDED",
        /// The authorisation was voided; nothing was captured.
        Voided = "VOIDED",
        /// The latest payment attempt was declined.
        Failed = "FAILED",
    }
}

names! {
    /// Progress of the parcels of an order.
    FulfilmentStatus {
        /// No parcel has been dispatched.
        Unfulfilled = "UNFULFILLED",
        /// Some parcels have been dispatched.
        Partial = "PARTIAL",
        /// All remaining parcels have been dispatched.
        Fulfilled = "FULFILLED",
        /// All remaining parcels have been delivered.
        Delivered = "DELIVERED",
    }
}

names! {
    /// Reason for which an order is on hold.
    HoldReason {
        /// A member of staff put the order on hold.
        Staff = "STAFF",
        /// A deadline passed. Blocks nothing; the awaited event releases the hold.
        Overdue = "OVERDUE",
        /// The amount for a parcel could not be captured.
        CaptureFailed = "CAPTURE_FAILED",
        /// The authorisation expired, so no further amount can be captured.
        AuthorizationExpired = "AUTHORIZATION_EXPIRED",
        /// A refund could not be paid out.
        RefundFailed = "REFUND_FAILED",
        /// A parcel was reported lost.
        ShipmentLost = "SHIPMENT_LOST",
        /// A parcel was cancelled without a request from the order.
        ParcelCancelled = "PARCEL_CANCELLED",
    }
}

names! {
    /// Resolution that staff can choose for a hold.
    WayOut {
        /// Continue the order as before.
        Release = "RELEASE",
        /// Capture the amount for the parcel again.
        RetryCapture = "RETRY_CAPTURE",
        /// Request a new authorisation of the amount that is still to be captured.
        Reauthorize = "REAUTHORIZE",
        /// Refund the amount to the customer.
        Refund = "REFUND",
        /// Cancel everything that has not been dispatched.
        CancelRest = "CANCEL_REST",
    }
}

names! {
    /// Action that a caller can take on an order.
    OrderAction {
        /// Cancel the order, or request the cancellation of parcels that have not left.
        Cancel = "CANCEL",
        /// Pay with another payment method.
        RetryPayment = "RETRY_PAYMENT",
        /// Stop the order until staff release it.
        PutOnHold = "PUT_ON_HOLD",
        /// Choose a resolution for a hold.
        ResolveHold = "RESOLVE_HOLD",
        /// Add an internal note to the order.
        AddNote = "ADD_NOTE",
    }
}

names! {
    /// An event that can occur after an order was placed, by the name of its type.
    Step {
        StockConfirmed = "OrderStockConfirmed",
        StockRejected = "OrderStockRejected",
        PaymentAuthorized = "OrderPaymentAuthorized",
        PaymentFailed = "OrderPaymentFailed",
        PaymentRetryRequested = "OrderPaymentRetryRequested",
        Confirmed = "OrderConfirmed",
        CancellationRequested = "OrderCancellationRequested",
        ParcelCancelled = "OrderParcelCancelled",
        CancellationRefused = "OrderCancellationRefused",
        LinesCancelled = "OrderLinesCancelled",
        Cancelled = "OrderCancelled",
        Expired = "OrderExpired",
        Overdue = "OrderOverdue",
        PutOnHold = "OrderPutOnHold",
        HoldReleased = "OrderHoldReleased",
        HoldResolved = "OrderHoldResolved",
        PartiallyShipped = "OrderPartiallyShipped",
        Shipped = "OrderShipped",
        ParcelDelivered = "OrderParcelDelivered",
        Delivered = "OrderDelivered",
        Completed = "OrderCompleted",
        PaymentCaptured = "OrderPaymentCaptured",
        PaymentVoided = "OrderPaymentVoided",
        Refunded = "OrderRefunded",
        NoteAdded = "OrderNoteAdded",
    }
}

/// A row of the table: in status `from`, the event `step` leads to one of the statuses `to`.
pub struct Transition {
    pub from: OrderStatus,
    pub step: Step,
    pub to: &'static [OrderStatus],
}

const fn row(from: OrderStatus, step: Step, to: &'static [OrderStatus]) -> Transition {
    Transition { from, step, to }
}

use OrderStatus as S;

/// All transitions. An event that the table does not list for a status cannot occur in it.
pub const TRANSITIONS: &[Transition] = &[
    row(S::Placed, Step::StockConfirmed, &[S::StockConfirmed]),
    row(S::Placed, Step::StockRejected, &[S::Rejected]),
    row(S::Placed, Step::Cancelled, &[S::Cancelled]),
    row(S::Placed, Step::Expired, &[S::Expired]),
    row(S::Placed, Step::NoteAdded, &[S::Placed]),
    row(S::StockConfirmed, Step::PaymentAuthorized, &[S::StockConfirmed]),
    row(S::StockConfirmed, Step::Confirmed, &[S::Confirmed]),
    row(S::StockConfirmed, Step::PaymentFailed, &[S::StockConfirmed]),
    row(S::StockConfirmed, Step::PaymentRetryRequested, &[S::StockConfirmed]),
    row(S::StockConfirmed, Step::Cancelled, &[S::Cancelled]),
    row(S::StockConfirmed, Step::Expired, &[S::Expired]),
    row(S::StockConfirmed, Step::NoteAdded, &[S::StockConfirmed]),
    row(S::Confirmed, Step::CancellationRequested, &[S::Confirmed]),
    row(S::Confirmed, Step::ParcelCancelled, &[S::Confirmed]),
    row(S::Confirmed, Step::Cancelled, &[S::Cancelled]),
    row(S::Confirmed, Step::PartiallyShipped, &[S::InFulfilment]),
    row(S::Confirmed, Step::Shipped, &[S::Shipped]),
    row(S::Confirmed, Step::PaymentAuthorized, &[S::Confirmed]),
    row(S::Confirmed, Step::PaymentFailed, &[S::Confirmed]),
    row(S::Confirmed, Step::Overdue, &[S::Confirmed]),
    row(S::Confirmed, Step::PutOnHold, &[S::Confirmed]),
    row(S::Confirmed, Step::HoldReleased, &[S::Confirmed]),
    row(S::Confirmed, Step::HoldResolved, &[S::Confirmed]),
    row(S::Confirmed, Step::NoteAdded, &[S::Confirmed]),
    row(S::InFulfilment, Step::CancellationRequested, &[S::InFulfilment]),
    row(S::InFulfilment, Step::ParcelCancelled, &[S::InFulfilment]),
    row(S::InFulfilment, Step::LinesCancelled, &[S::Shipped]),
    row(S::InFulfilment, Step::PartiallyShipped, &[S::InFulfilment]),
    row(S::InFulfilment, Step::Shipped, &[S::Shipped]),
    row(S::InFulfilment, Step::ParcelDelivered, &[S::InFulfilment]),
    row(S::InFulfilment, Step::PaymentAuthorized, &[S::InFulfilment]),
    row(S::InFulfilment, Step::PaymentFailed, &[S::InFulfilment]),
    row(S::InFulfilment, Step::PaymentCaptured, &[S::InFulfilment]),
    row(S::InFulfilment, Step::Refunded, &[S::InFulfilment]),
    row(S::InFulfilment, Step::Overdue, &[S::InFulfilment]),
    row(S::InFulfilment, Step::PutOnHold, &[S::InFulfilment]),
    row(S::InFulfilment, Step::HoldReleased, &[S::InFulfilment]),
    row(S::InFulfilment, Step::HoldResolved, &[S::InFulfilment]),
    row(S::InFulfilment, Step::NoteAdded, &[S::InFulfilment]),
    row(S::Shipped, Step::CancellationRefused, &[S::Shipped]),
    row(S::Shipped, Step::LinesCancelled, &[S::Shipped]),
    row(S::Shipped, Step::ParcelDelivered, &[S::Shipped]),
    row(S::Shipped, Step::Delivered, &[S::Delivered]),
    row(S::Shipped, Step::Completed, &[S::Completed]),
    row(S::Shipped, Step::PaymentAuthorized, &[S::Shipped]),
    row(S::Shipped, Step::PaymentFailed, &[S::Shipped]),
    row(S::Shipped, Step::PaymentCaptured, &[S::Shipped]),
    row(S::Shipped, Step::Refunded, &[S::Shipped]),
    row(S::Shipped, Step::Overdue, &[S::Shipped]),
    row(S::Shipped, Step::PutOnHold, &[S::Shipped]),
    row(S::Shipped, Step::HoldReleased, &[S::Shipped]),
    row(S::Shipped, Step::HoldResolved, &[S::Shipped]),
    row(S::Shipped, Step::NoteAdded, &[S::Shipped]),
    row(S::Delivered, Step::Completed, &[S::Completed]),
    row(S::Delivered, Step::PaymentAuthorized, &[S::Delivered]),
    row(S::Delivered, Step::PaymentFailed, &[S::Delivered]),
    row(S::Delivered, Step::PaymentCaptured, &[S::Delivered]),
    row(S::Delivered, Step::Refunded, &[S::Delivered]),
    row(S::Delivered, Step::PutOnHold, &[S::Delivered]),
    row(S::Delivered, Step::HoldReleased, &[S::Delivered]),
    row(S::Delivered, Step::HoldResolved, &[S::Delivered]),
    row(S::Delivered, Step::NoteAdded, &[S::Delivered]),
    // Payment events can follow after the order has ended.
    row(S::Completed, Step::PaymentAuthorized, &[S::Completed]),
    row(S::Completed, Step::PaymentFailed, &[S::Completed]),
    row(S::Completed, Step::PaymentCaptured, &[S::Completed]),
    row(S::Completed, Step::Refunded, &[S::Completed]),
    row(S::Completed, Step::PutOnHold, &[S::Completed]),
    row(S::Completed, Step::HoldReleased, &[S::Completed]),
    row(S::Completed, Step::HoldResolved, &[S::Completed]),
    row(S::Completed, Step::NoteAdded, &[S::Completed]),
    row(S::Cancelled, Step::PaymentVoided, &[S::Cancelled]),
    row(S::Cancelled, Step::Refunded, &[S::Cancelled]),
    row(S::Cancelled, Step::PutOnHold, &[S::Cancelled]),
    row(S::Cancelled, Step::HoldReleased, &[S::Cancelled]),
    row(S::Cancelled, Step::HoldResolved, &[S::Cancelled]),
    row(S::Cancelled, Step::NoteAdded, &[S::Cancelled]),
    row(S::Expired, Step::PaymentVoided, &[S::Expired]),
    row(S::Expired, Step::Refunded, &[S::Expired]),
    row(S::Expired, Step::PutOnHold, &[S::Expired]),
    row(S::Expired, Step::HoldReleased, &[S::Expired]),
    row(S::Expired, Step::HoldResolved, &[S::Expired]),
    row(S::Expired, Step::NoteAdded, &[S::Expired]),
    row(S::Rejected, Step::NoteAdded, &[S::Rejected]),
];

impl OrderStatus {
    /// Whether the order has ended. Only payment events can follow.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Expired | Self::Cancelled)
    }

    /// Whether `step` can occur in this status.
    pub fn allows(self, step: Step) -> bool {
        TRANSITIONS.iter().any(|row| row.from == self && row.step == step)
    }

    /// Whether `step` can lead from this status to `to`.
    pub fn leads_to(self, step: Step, to: Self) -> bool {
        TRANSITIONS.iter().any(|row| row.from == self && row.step == step && row.to.contains(&to))
    }
}

impl HoldReason {
    /// The resolutions that staff can choose from. `CancelRest` is offered only while a parcel has not left.
    pub fn ways_out(self) -> &'static [WayOut] {
        match self {
            Self::Staff | Self::Overdue => &[WayOut::Release, WayOut::CancelRest],
            Self::CaptureFailed => &[WayOut::RetryCapture, WayOut::Release],
            Self::AuthorizationExpired => &[WayOut::Reauthorize, WayOut::CancelRest, WayOut::Release],
            Self::RefundFailed => &[WayOut::Refund, WayOut::Release],
            Self::ShipmentLost => &[WayOut::Refund, WayOut::Release],
            Self::ParcelCancelled => &[WayOut::CancelRest],
        }
    }

    /// Whether parcels must not be dispatched while this hold lasts.
    pub fn blocks_dispatch(self) -> bool {
        matches!(self, Self::Staff | Self::AuthorizationExpired | Self::ParcelCancelled)
    }
}

/// The actions that the transition table allows in this situation. `holds`: the reasons for which the order is on
/// hold; `cancelling`: parcels have been asked to be cancelled and not all have answered.
pub fn allowed_actions(
    status: OrderStatus,
    payment: PaymentStatus,
    holds: &[HoldReason],
    cancelling: bool,
) -> Vec<OrderAction> {
    let cancel = status.allows(Step::Cancelled) || status.allows(Step::CancellationRequested);
    let retry = status == OrderStatus::StockConfirmed
        && payment == PaymentStatus::Failed
        && status.allows(Step::PaymentRetryRequested);
    let hold = status.allows(Step::PutOnHold) && !status.is_terminal() && !holds.contains(&HoldReason::Staff);
    let candidates = [
        (OrderAction::Cancel, cancel && !cancelling),
        (OrderAction::RetryPayment, retry),
        (OrderAction::PutOnHold, hold),
        (OrderAction::ResolveHold, !holds.is_empty()),
        (OrderAction::AddNote, status.allows(Step::NoteAdded)),
    ];
    candidates.into_iter().filter(|(_, allowed)| *allowed).map(|(action, _)| action).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_status_and_step_once() {
        for (i, row) in TRANSITIONS.iter().enumerate() {
            assert!(!row.to.is_empty());
            let again =
                TRANSITIONS[i + 1..].iter().any(|other| other.from == row.from && other.step == row.step);
            assert!(!again, "{} {}", row.from, row.step);
        }
        for step in Step::ALL {
            assert!(TRANSITIONS.iter().any(|row| row.step == *step), "{step} never happens");
        }
    }

    #[test]
    fn an_order_that_has_ended_never_changes_its_status() {
        for row in TRANSITIONS.iter().filter(|row| row.from.is_terminal()) {
            assert_eq!(row.to, &[row.from], "{} {}", row.from, row.step);
        }
    }

    #[test]
    fn every_status_is_reached_and_every_open_one_can_end() {
        let next = |from: OrderStatus| {
            TRANSITIONS.iter().filter(move |row| row.from == from).flat_map(|row| row.to.iter().copied())
        };
        for status in OrderStatus::ALL {
            let reached =
                *status == OrderStatus::Placed || TRANSITIONS.iter().any(|row| row.to.contains(status));
            assert!(reached, "{status} is never reached");
            let mut seen = vec![*status];
            for i in 0.. {
                let Some(at) = seen.get(i).copied() else { break };
                for to in next(at) {
                    if !seen.contains(&to) {
                        seen.push(to);
                    }
                }
            }
            assert!(seen.iter().any(|status| status.is_terminal()), "{status} never ends");
        }
    }

    #[test]
    fn a_shipped_order_cannot_be_cancelled_and_a_hold_always_has_a_way_out() {
        assert!(
            !allowed_actions(S::Shipped, PaymentStatus::Captured, &[], false).contains(&OrderAction::Cancel)
        );
        assert!(
            allowed_actions(S::Confirmed, PaymentStatus::Authorized, &[], false)
                .contains(&OrderAction::Cancel)
        );
        for reason in HoldReason::ALL {
            assert!(!reason.ways_out().is_empty());
        }
    }
}
