//! Reactions to payments after the confirmation: captures, voids and refunds, and their failures.

use std::sync::Arc;

use schemas::life_cycle::{HoldReason, Step};
use schemas::order::{OrderPaymentCaptured, OrderPaymentVoided, OrderRefunded};
use schemas::{Money, OrderId, ShipmentId};

use super::draft::{OrderDraft, order_decision};
use super::{Afterwards, Capture, Order, Parcel, Underway, Whereabouts};
use crate::{Refusal, ShopRules};

/// A reaction to a payment event; does nothing if the life cycle does not allow the step.
macro_rules! about_money {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* } $step:expr, $rule:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name {
            pub order_id: OrderId,
            $($(#[$fdoc])* pub $field: $type,)*
            pub rules: Arc<ShopRules>,
        }

        order_decision!(reaction $name);

        impl $name {
            fn rule(&self, draft: &mut OrderDraft<'_>) -> Result<(), Refusal> {
                if draft.allows($step) {
                    draft.$rule(self);
                }
                Ok(())
            }
        }
    };
}

about_money!(
    /// The amount for a parcel was captured.
    PaymentCaptured {
        shipment_id: ShipmentId,
        amount: Money,
    } Step::PaymentCaptured, captured
);
about_money!(
    /// The amount for a parcel could not be captured.
    CaptureFailed {
        shipment_id: ShipmentId,
    } Step::PutOnHold, capture_failed
);
about_money!(
    /// The authorisation has expired.
    AuthorizationExpired {
    } Step::PutOnHold, authorization_expired
);
about_money!(
    /// The authorisation was voided.
    PaymentVoided {
        /// Amount that had been authorised.
        amount: Money,
    } Step::PaymentVoided, voided
);
about_money!(
    /// An amount was refunded.
    RefundSucceeded {
        /// Id of the refund; the parcel's id if the refund is for a parcel.
        refund_id: String,
        amount: Money,
        /// Amount refunded for the order so far, including this refund.
        refunded: Money,
    } Step::Refunded, refunded
);
about_money!(
    /// An amount could not be refunded.
    RefundFailed {
        /// Id of the refund; the parcel's id if the refund is for a parcel.
        refund_id: String,
        amount: Money,
    } Step::PutOnHold, refund_failed
);

impl OrderDraft<'_> {
    fn parcel(&self, id: ShipmentId) -> Option<&Parcel> {
        self.underway()?.parcels.get(&id)
    }

    /// Parcel that the refund is for; `None` if it is not for a parcel.
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
        self.append(OrderPaymentCaptured {
            order_id,
            order_number,
            shipment_id: id,
            amount: taken.amount,
            captured,
        });
        self.release(HoldReason::CaptureFailed, Some(id));
        if written_off && taken.amount.minor > 0 {
            // The parcel was written off before anything was captured, so staff must refund this amount.
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
        if !matches!(self.order.state(), Order::Over(over) if over.money == Afterwards::Voided) {
            let (order_id, order_number) = self.named();
            self.append(OrderPaymentVoided { order_id, order_number, amount: voided.amount });
        }
    }

    fn refunded(&mut self, given: &RefundSucceeded) {
        let known = match self.order.state() {
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
        self.append(OrderRefunded { order_id, order_number, shipment_id, amount, refunded });
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
