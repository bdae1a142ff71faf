//! The end of the order: authorised money is released, and captured money is refunded.

use schemas::payment::{
    PaymentCancelled, PaymentRemainderReleased, PaymentStep, PaymentVoidFailed, PaymentVoidRequested,
    PaymentVoided,
};
use schemas::{Money, OrderId, ShipmentId};

use super::book::{Capture, CaptureSituation, TrySituation};
use super::draft::{PaymentDraft, payment_decision};
use super::outcomes::MoneyOutcome;
use super::refund;
use crate::{Refusal, ShopRules};

/// The payment is no longer wanted. If nothing has been requested yet, nothing will be. A repetition has no effect.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CancelPayment {
    pub order_id: OrderId,
}

payment_decision!(CancelPayment);

impl CancelPayment {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        if !draft.is_unwanted() {
            draft.append(PaymentCancelled { order_id: self.order_id });
        }
        Ok(())
    }
}

/// Runs after every decision on an unwanted payment: releases authorised money, and refunds captured money. Waits while a
/// capture is open, because its outcome decides between the two.
pub(super) fn settle_unwanted(draft: &mut PaymentDraft<'_>) {
    if !draft.is_unwanted() {
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
        // Not the parcel's own refund, which may have failed before anything was captured.
        let refund_id = format!("cancelled-{shipment_id}");
        if !draft.book().refunds().contains_key(&refund_id) {
            refund::ask(draft, &refund_id, amount, Some(shipment_id));
        }
    }
}

/// Releases the money that attempt `number` has authorised: all of it, or the part that was not captured.
fn release(draft: &mut PaymentDraft<'_>, number: u32) {
    let step = PaymentStep::void(number);
    let Some(known) = draft.book().try_of(&step) else { return };
    let TrySituation::SetAside { provider_ref, released, .. } = &known.situation else { return };
    let (order_id, provider_ref) = (draft.order_id, provider_ref.clone());
    let claimed = draft.book().claimed(&provider_ref);
    let amount =
        known.amount.currency.minor(known.amount.minor.saturating_sub(*released).saturating_sub(claimed));
    if claimed == 0 {
        draft.append(PaymentVoidRequested { order_id, step, amount, provider_ref });
    } else if amount.minor > 0 {
        draft.append(PaymentRemainderReleased { order_id, amount });
    }
}

/// The provider's answer to a void.
pub(super) fn answered(
    draft: &mut PaymentDraft<'_>,
    step: &PaymentStep,
    outcome: &MoneyOutcome,
    rules: &ShopRules,
) {
    let Some(known) = draft.book().try_of(step) else { return };
    let TrySituation::Voiding { provider_ref } = &known.situation else { return };
    let (order_id, amount, provider_ref) = (draft.order_id, known.amount, provider_ref.clone());
    match outcome {
        MoneyOutcome::Done => draft.append(PaymentVoided { order_id, step: step.clone(), amount }),
        MoneyOutcome::Failed { code } => {
            draft.append(PaymentVoidFailed { order_id, step: step.clone(), code: code.clone() });
        }
        MoneyOutcome::NeverArrived if draft.was_asked_about(step) => {
            draft.append(PaymentVoidRequested { order_id, step: step.clone(), amount, provider_ref });
        }
        MoneyOutcome::NeverArrived | MoneyOutcome::Unknown => draft.unknown(step, rules),
    }
}
