//! The life of an order as ONE table. Decisions, `allowedActions` and the page in docs/ all come from here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name as it is stored and shown.
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
    /// Where an order stands.
    OrderStatus {
        /// Accepted; inventory has not answered yet.
        Placed = "PLACED",
        /// Everything is reserved; the payment is not authorised yet.
        StockConfirmed = "STOCK_CONFIRMED",
        /// Paid for (authorised); parcels are being made ready.
        Confirmed = "CONFIRMED",
        /// Some parcels have left.
        InFulfilment = "IN_FULFILMENT",
        /// All parcels that remain have left.
        Shipped = "SHIPPED",
        /// All parcels that remain have arrived.
        Delivered = "DELIVERED",
        /// The return window is over.
        Completed = "COMPLETED",
        /// Stock was short.
        Rejected = "REJECTED",
        /// A deadline passed before it was paid.
        Expired = "EXPIRED",
        /// Cancelled before anything left.
        Cancelled = "CANCELLED",
    }
}

names! {
    /// What became of the money.
    PaymentStatus {
        /// Not asked for.
        None = "NONE",
        /// Asked for.
        Pending = "PENDING",
        /// Set aside at the customer's bank.
        Authorized = "AUTHORIZED",
        /// Taken for some parcels.
        PartiallyCaptured = "PARTIALLY_CAPTURED",
        /// Taken for all parcels.
        Captured = "CAPTURED",
        /// Some given back.
        PartiallyRefunded = "PARTIALLY_REFUNDED",
        /// All given back.
        Refunded = "REFUNDED",
        /// Let go without taking it.
        Voided = "VOIDED",
        /// Declined.
        Failed = "FAILED",
    }
}

names! {
    /// What became of the goods.
    FulfilmentStatus {
        /// Nothing has left.
        Unfulfilled = "UNFULFILLED",
        /// Some parcels have left.
        Partial = "PARTIAL",
        /// All that remain have left.
        Fulfilled = "FULFILLED",
        /// All that remain have arrived.
        Delivered = "DELIVERED",
    }
}

names! {
    /// Why an order is on hold.
    HoldReason {
        /// Somebody of the shop wants it.
        Staff = "STAFF",
        /// A deadline passed; blocks nothing, and the awaited event clears it.
        Overdue = "OVERDUE",
        /// The money for a parcel could not be taken.
        CaptureFailed = "CAPTURE_FAILED",
        /// The money is not set aside any more.
        AuthorizationExpired = "AUTHORIZATION_EXPIRED",
        /// A refund could not be paid.
        RefundFailed = "REFUND_FAILED",
        /// A parcel is lost.
        ShipmentLost = "SHIPMENT_LOST",
        /// A parcel was cancelled though nobody asked for it.
        ParcelCancelled = "PARCEL_CANCELLED",
    }
}

names! {
    /// A way out of a hold.
    WayOut {
        /// Go on as before.
        Release = "RELEASE",
        /// Take the money once more.
        RetryCapture = "RETRY_CAPTURE",
        /// Ask the customer's bank once more.
        Reauthorize = "REAUTHORIZE",
        /// Give the money back.
        Refund = "REFUND",
        /// Cancel whatever has not left.
        CancelRest = "CANCEL_REST",
    }
}

names! {
    /// What somebody may do to an order now.
    OrderAction {
        /// Cancel it, or ask for the parcels that have not left.
        Cancel = "CANCEL",
        /// Try another way to pay.
        RetryPayment = "RETRY_PAYMENT",
        /// Stop it for a while.
        PutOnHold = "PUT_ON_HOLD",
        /// Choose a way out of a hold.
        ResolveHold = "RESOLVE_HOLD",
        /// Write something on it.
        AddNote = "ADD_NOTE",
    }
}

names! {
    /// What moves an order, by the name of the event.
    Step {
        /// Inventory has everything.
        StockConfirmed = "OrderStockConfirmed",
        /// Inventory is short.
        StockRejected = "OrderStockRejected",
        /// The money is set aside.
        PaymentAuthorized = "OrderPaymentAuthorized",
        /// The money is not to be had.
        PaymentFailed = "OrderPaymentFailed",
        /// The customer tries another way to pay.
        PaymentRetryRequested = "OrderPaymentRetryRequested",
        /// Parcels can be made ready.
        Confirmed = "OrderConfirmed",
        /// Somebody wants it cancelled though parcels are being made ready.
        CancellationRequested = "OrderCancellationRequested",
        /// A parcel was taken back.
        ParcelCancelled = "OrderParcelCancelled",
        /// Some parcels were faster.
        CancellationRefused = "OrderCancellationRefused",
        /// The lines of the parcels that were taken back are cancelled.
        LinesCancelled = "OrderLinesCancelled",
        /// It is cancelled.
        Cancelled = "OrderCancelled",
        /// A deadline passed before it was paid.
        Expired = "OrderExpired",
        /// A deadline passed after it was paid.
        Overdue = "OrderOverdue",
        /// It waits for a human.
        PutOnHold = "OrderPutOnHold",
        /// It goes on.
        HoldReleased = "OrderHoldReleased",
        /// A human chose how it goes on.
        HoldResolved = "OrderHoldResolved",
        /// A parcel left; others are still here.
        PartiallyShipped = "OrderPartiallyShipped",
        /// The last parcel that remains left.
        Shipped = "OrderShipped",
        /// A parcel arrived; others are on their way.
        ParcelDelivered = "OrderParcelDelivered",
        /// The last parcel that remains arrived.
        Delivered = "OrderDelivered",
        /// The return window is over, or no parcel remains.
        Completed = "OrderCompleted",
        /// The money for a parcel was taken.
        PaymentCaptured = "OrderPaymentCaptured",
        /// The money was let go.
        PaymentVoided = "OrderPaymentVoided",
        /// Money was given back.
        Refunded = "OrderRefunded",
        /// Somebody wrote something on it.
        NoteAdded = "OrderNoteAdded",
    }
}

/// A row of the table: in status `from`, the event `step` leads to one of `to`.
pub struct Transition {
    /// Where the order stands.
    pub from: OrderStatus,
    /// What happens.
    pub step: Step,
    /// Where it may stand then.
    pub to: &'static [OrderStatus],
}

const fn row(from: OrderStatus, step: Step, to: &'static [OrderStatus]) -> Transition {
    Transition { from, step, to }
}

use OrderStatus as S;

/// Every transition there is; what is not in the table does not happen.
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
    // Money can still move when everything else is over.
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
    /// Nothing but money moves any more.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Expired | Self::Cancelled)
    }

    /// Whether `step` can happen in this status.
    pub fn allows(self, step: Step) -> bool {
        TRANSITIONS.iter().any(|row| row.from == self && row.step == step)
    }

    /// Whether `step` can lead from this status to `to`.
    pub fn leads_to(self, step: Step, to: Self) -> bool {
        TRANSITIONS.iter().any(|row| row.from == self && row.step == step && row.to.contains(&to))
    }
}

impl HoldReason {
    /// The ways out that a human can choose from. `CancelRest` is one only while some parcel has not left.
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

    /// Whether parcels may not leave meanwhile.
    pub fn blocks_dispatch(self) -> bool {
        matches!(self, Self::Staff | Self::AuthorizationExpired | Self::ParcelCancelled)
    }
}

/// What somebody may do to an order in this situation, by the transition table. `holds`: the reasons it is on hold for;
/// `cancelling`: parcels have been asked to come back and not all have answered.
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
    fn a_terminal_order_stays_where_it_is() {
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
