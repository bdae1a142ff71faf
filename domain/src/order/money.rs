//! What payments says after the order was paid for: money taken, let go, given back, or not.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, Step};
use schemas::order::{OrderPaymentCaptured, OrderPaymentVoided, OrderRefunded};
use schemas::{Money, OrderId, ShipmentId, Timestamp};

use super::story::Story;
use super::{Afterwards, Capture, Order, Parcel, Underway, Whereabouts};
use crate::{Changes, Decision, Reads, Refusal, Seen, ShopRules};

/// A decision about an order's money: never refused, and quiet unless the order can still hear it.
macro_rules! about_money {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* } $step:expr, $rule:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            /// The order.
            pub order_id: OrderId,
            $($(#[$fdoc])* pub $field: $type,)*
            /// The shop's figures.
            pub rules: Arc<ShopRules>,
        }

        impl Decision for $name {
            fn reads(&self) -> Reads {
                Reads::stream::<Order>(self.order_id.stream())
            }

            fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
                match Story::of(seen, self.order_id, now, &self.rules) {
                    Some(mut story) if story.allows($step) => {
                        story.$rule(self);
                        Ok(story.changes())
                    }
                    _ => Ok(Changes::none()),
                }
            }
        }
    };
}

about_money!(
    /// The money for a parcel was taken.
    PaymentCaptured {
        /// The parcel.
        shipment_id: ShipmentId,
        /// How much.
        amount: Money,
    } Step::PaymentCaptured, captured
);
about_money!(
    /// The money for a parcel could not be taken.
    CaptureFailed {
        /// The parcel.
        shipment_id: ShipmentId,
    } Step::PutOnHold, capture_failed
);
about_money!(
    /// The money is not set aside any more.
    AuthorizationExpired {
    } Step::PutOnHold, authorization_expired
);
about_money!(
    /// The money was let go.
    PaymentVoided {
        /// How much had been set aside.
        amount: Money,
    } Step::PaymentVoided, voided
);
about_money!(
    /// Money was given back.
    RefundSucceeded {
        /// Which refund: the parcel's id, where it is for a parcel.
        refund_id: String,
        /// How much.
        amount: Money,
        /// How much in all, for this order.
        refunded: Money,
    } Step::Refunded, refunded
);
about_money!(
    /// Money could not be given back.
    RefundFailed {
        /// Which refund: the parcel's id, where it is for a parcel.
        refund_id: String,
        /// How much.
        amount: Money,
    } Step::PutOnHold, refund_failed
);

impl Story<'_> {
    fn parcel(&self, id: ShipmentId) -> Option<&Parcel> {
        self.underway()?.parcels.get(&id)
    }

    /// The parcel that a refund is for.
    fn refunded_parcel(&self, refund_id: &str) -> Option<ShipmentId> {
        refund_id.parse().ok().filter(|id| self.parcel(*id).is_some())
    }

    fn captured(&mut self, taken: &PaymentCaptured) {
        let id = taken.shipment_id;
        let Some(order) = self.underway() else { return };
        let Some(parcel) = order.parcels.get(&id) else { return };
        if !matches!(parcel.capture, Capture::Due(_)) {
            return;
        }
        let written_off = parcel.at == Whereabouts::WrittenOff;
        let captured = order.captured().plus(taken.amount).unwrap_or(taken.amount);
        let (order_id, order_number) = self.named();
        self.tell(OrderPaymentCaptured {
            order_id,
            order_number,
            shipment_id: id,
            amount: taken.amount,
            captured,
        });
        self.release(HoldReason::CaptureFailed, Some(id));
        if written_off && taken.amount.minor > 0 {
            // It was written off when nothing had been taken for it, so somebody has to give this back.
            self.put_on_hold(HoldReason::ShipmentLost, Some(id), Some(taken.amount), None);
        }
    }

    fn capture_failed(&mut self, failed: &CaptureFailed) {
        let due = self.parcel(failed.shipment_id).filter(|parcel| parcel.needs_money());
        if let Some(Capture::Due(amount)) = due.map(|parcel| parcel.capture) {
            self.put_on_hold(HoldReason::CaptureFailed, Some(failed.shipment_id), Some(amount), None);
        }
    }

    fn authorization_expired(&mut self, _expired: &AuthorizationExpired) {
        let needs_money = |order: &&Underway| order.parcels.values().any(Parcel::needs_money);
        let amount = self.underway().filter(needs_money).map(Underway::uncaptured);
        if amount.is_some() && self.hold(HoldReason::AuthorizationExpired, None).is_none() {
            self.put_on_hold(HoldReason::AuthorizationExpired, None, amount, None);
        }
    }

    fn voided(&mut self, voided: &PaymentVoided) {
        if !matches!(&self.order, Order::Over(over) if over.money == Afterwards::LetGo) {
            let (order_id, order_number) = self.named();
            self.tell(OrderPaymentVoided { order_id, order_number, amount: voided.amount });
        }
    }

    fn refunded(&mut self, given: &RefundSucceeded) {
        let known = match &self.order {
            Order::Underway(order) => order.refunded,
            Order::Over(over) => over.refunded,
            Order::Unplaced | Order::AwaitingStock(_) | Order::AwaitingPayment(_) => return,
        };
        if given.refunded.minor <= known.minor {
            return;
        }
        let shipment_id = self.refunded_parcel(&given.refund_id);
        let (order_id, order_number) = self.named();
        let (amount, refunded) = (given.amount, given.refunded);
        self.tell(OrderRefunded { order_id, order_number, shipment_id, amount, refunded });
        self.refund_settled(shipment_id);
    }

    fn refund_failed(&mut self, failed: &RefundFailed) {
        let shipment_id = self.refunded_parcel(&failed.refund_id);
        let settled =
            shipment_id.and_then(|id| self.parcel(id)).is_some_and(|parcel| parcel.refundable().minor == 0);
        if !settled {
            self.put_on_hold(HoldReason::RefundFailed, shipment_id, Some(failed.amount), None);
        }
    }
}
