//! Refunds.

use schemas::payment::{PaymentStep, RefundFailed, RefundRequested, RefundSucceeded};
use schemas::{Money, OrderId, ShipmentId};

use super::book::{Capture, Refund, RefundSituation};
use super::draft::{PaymentDraft, payment_decision};
use super::outcomes::MoneyOutcome;
use crate::{Refusal, ShopRules};

/// The amount exceeds what can still be refunded.
const EXCEEDED: &str = "EXCEEDS_CAPTURED";

/// Refunds money, once per refund id; after a definite refusal, again with a new number. A refund of more than was captured
/// fails at once, so that staff decide. No effect while it is requested, after it has succeeded, and for an amount of zero.
#[derive(Clone, Debug)]
pub(crate) struct RequestRefund {
    pub order_id: OrderId,
    /// Id of the refund; the parcel's id if the refund is for a parcel.
    pub refund_id: String,
    pub amount: Money,
    /// Parcel that the refund is for; `None` if it is not for a parcel.
    pub shipment_id: Option<ShipmentId>,
}

payment_decision!(RequestRefund);

impl RequestRefund {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        ask(draft, &self.refund_id, self.amount, self.shipment_id);
        Ok(())
    }
}

/// Repeats every failed refund. No effect if none has failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryRefunds {
    pub order_id: OrderId,
}

payment_decision!(RetryRefunds);

impl RetryRefunds {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        let failed = |(id, known): (&String, &Refund)| {
            (known.situation == RefundSituation::Failed).then(|| (id.clone(), known.amount))
        };
        let failed: Vec<_> = draft.book().refunds().iter().filter_map(failed).collect();
        for (refund_id, amount) in failed {
            ask(draft, &refund_id, amount, None);
        }
        Ok(())
    }
}

/// Requests a refund, unless it is open or has succeeded.
pub(super) fn ask(
    draft: &mut PaymentDraft<'_>,
    refund_id: &str,
    amount: Money,
    shipment_id: Option<ShipmentId>,
) {
    let attempt = match draft.book().refunds().get(refund_id) {
        None => 1,
        Some(Refund { situation: RefundSituation::Failed, attempt, .. }) => attempt.saturating_add(1),
        Some(_) => return,
    };
    if amount.minor <= 0 {
        return;
    }
    let (order_id, refund_id) = (draft.order_id, refund_id.to_owned());
    let step = PaymentStep::refund(&refund_id, attempt);
    match source(draft, amount, shipment_id) {
        Some(provider_ref) => {
            draft.append(RefundRequested { order_id, step, refund_id, amount, provider_ref })
        }
        None => draft.append(RefundFailed { order_id, step, refund_id, amount, code: EXCEEDED.to_owned() }),
    }
}

/// The payment from which `amount` can be refunded: the parcel's own, otherwise any other.
fn source(draft: &PaymentDraft<'_>, amount: Money, shipment_id: Option<ShipmentId>) -> Option<String> {
    let book = draft.book();
    let own = shipment_id.and_then(|id| book.captures().get(&id));
    let enough = |capture: &&Capture| {
        let left = capture.provider_ref().map_or(0, |provider_ref| book.refundable(provider_ref));
        capture.is_taken() && capture.amount.currency == amount.currency && amount.minor <= left
    };
    let found = own.into_iter().chain(book.captures().values()).find(enough);
    found.and_then(Capture::provider_ref).map(str::to_owned)
}

/// Handles the provider's answer to a refund.
pub(super) fn answered(
    draft: &mut PaymentDraft<'_>,
    step: &PaymentStep,
    outcome: &MoneyOutcome,
    rules: &ShopRules,
) {
    let of_step = |(id, known): (&String, &Refund)| {
        let asked = matches!(known.situation, RefundSituation::Asked { .. });
        (asked && PaymentStep::refund(id, known.attempt) == *step).then(|| (id.clone(), known.clone()))
    };
    let Some((refund_id, known)) = draft.book().refunds().iter().find_map(of_step) else { return };
    let (order_id, step, amount) = (draft.order_id, step.clone(), known.amount);
    match outcome {
        MoneyOutcome::Done => {
            let refunded = amount.currency.minor(draft.book().repaid().saturating_add(amount.minor));
            draft.append(RefundSucceeded { order_id, step, refund_id, amount, refunded });
        }
        MoneyOutcome::Failed { code } => {
            draft.append(RefundFailed { order_id, step, refund_id, amount, code: code.clone() });
        }
        MoneyOutcome::NeverArrived if draft.was_asked_about(&step) => {
            let provider_ref = known.provider_ref().unwrap_or_default().to_owned();
            draft.append(RefundRequested { order_id, step, refund_id, amount, provider_ref });
        }
        MoneyOutcome::NeverArrived | MoneyOutcome::Unknown => draft.unknown(&step, rules),
    }
}
