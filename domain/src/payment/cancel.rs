//! The order is over: money that is set aside is let go, money that was taken is given back.

use schemas::payment::{
    PaymentCancelled, PaymentRemainderReleased, PaymentStep, PaymentVoidFailed, PaymentVoidRequested,
    PaymentVoided,
};
use schemas::{Money, OrderId, ShipmentId, Timestamp};

use super::book::{Capture, CaptureSituation, TrySituation};
use super::provider::{MoneyOutcome, unknown};
use super::{Draft, decide, reads, refund};
use crate::{Changes, Decision, Reads, Refusal, Seen, ShopRules};

/// No money is wanted any more. May come before anything was asked for: then nothing ever will be. Quiet when repeated.
#[derive(Clone, Copy, Debug)]
pub struct CancelPayment {
    /// The order.
    pub order_id: OrderId,
}

impl Decision for CancelPayment {
    fn reads(&self) -> Reads {
        reads(self.order_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.order_id, seen, |draft| {
            if !draft.payment.is_unwanted() {
                draft.tell(PaymentCancelled { order_id: self.order_id });
            }
            Ok(())
        })
    }
}

/// Whenever something has happened to a payment that nobody wants: lets go what is set aside, gives back what was taken.
/// Waits while a capture is open, because its outcome decides which of the two it is.
pub(super) fn let_go(draft: &mut Draft) {
    if !draft.payment.is_unwanted() {
        return;
    }
    let open =
        draft.book().captures().values().any(|it| matches!(it.situation, CaptureSituation::Asked { .. }));
    if open {
        return;
    }
    let attempt = draft.book().attempt();
    for number in 1..=attempt {
        release(draft, number);
    }
    let taken = |(shipment, known): (&ShipmentId, &Capture)| {
        let left = known.provider_ref().map_or(0, |provider_ref| draft.book().refundable(provider_ref));
        let back = known.amount.minor.min(left);
        (known.is_taken() && back > 0).then(|| (*shipment, known.amount.currency.minor(back)))
    };
    let taken: Vec<(ShipmentId, Money)> = draft.book().captures().iter().filter_map(taken).collect();
    for (shipment_id, amount) in taken {
        // Not the parcel's own refund: that may have failed before there was anything to give back.
        let refund_id = format!("cancelled-{shipment_id}");
        if !draft.book().refunds().contains_key(&refund_id) {
            refund::ask(draft, &refund_id, amount, Some(shipment_id));
        }
    }
}

/// Lets go what try `number` has set aside: all of it, or what was not taken.
fn release(draft: &mut Draft, number: u32) {
    let step = PaymentStep::void(number);
    let Some(known) = draft.book().try_of(&step) else { return };
    let TrySituation::SetAside { provider_ref, released, .. } = &known.situation else { return };
    let (order_id, provider_ref) = (draft.order_id, provider_ref.clone());
    let claimed = draft.book().claimed(&provider_ref);
    let amount =
        known.amount.currency.minor(known.amount.minor.saturating_sub(*released).saturating_sub(claimed));
    if claimed == 0 {
        draft.tell(PaymentVoidRequested { order_id, step, amount, provider_ref });
    } else if amount.minor > 0 {
        draft.tell(PaymentRemainderReleased { order_id, amount });
    }
}

/// What the provider said about letting money go.
pub(super) fn answered(
    draft: &mut Draft,
    step: &PaymentStep,
    outcome: &MoneyOutcome,
    rules: &ShopRules,
    now: Timestamp,
) {
    let Some(known) = draft.book().try_of(step) else { return };
    let TrySituation::LettingGo { provider_ref } = &known.situation else { return };
    let (order_id, amount, provider_ref) = (draft.order_id, known.amount, provider_ref.clone());
    match outcome {
        MoneyOutcome::Done => draft.tell(PaymentVoided { order_id, step: step.clone(), amount }),
        MoneyOutcome::Failed { code } => {
            draft.tell(PaymentVoidFailed { order_id, step: step.clone(), code: code.clone() });
        }
        MoneyOutcome::NeverArrived if draft.was_asked_about(step) => {
            draft.tell(PaymentVoidRequested { order_id, step: step.clone(), amount, provider_ref });
        }
        MoneyOutcome::NeverArrived | MoneyOutcome::Unknown => unknown(draft, step, rules, now),
    }
}
