//! Giving money back.

use schemas::payment::{PaymentStep, RefundFailed, RefundRequested, RefundSucceeded};
use schemas::{Money, OrderId, ShipmentId, Timestamp};

use super::book::{Capture, Refund, RefundSituation};
use super::provider::{MoneyOutcome, unknown};
use super::{Draft, decide, reads};
use crate::{Changes, Decision, Reads, Refusal, Seen, ShopRules};

/// More than is left of what was taken.
const EXCEEDED: &str = "EXCEEDS_CAPTURED";

/// Gives money back, once per refund id; after a definite no, once more under a new number. More than was taken fails at
/// once and is told, so that somebody decides. Quiet while it is asked for, when it was given back, and for nothing.
#[derive(Clone, Debug)]
pub struct RequestRefund {
    /// The order.
    pub order_id: OrderId,
    /// Names the refund; for a parcel, the parcel's id.
    pub refund_id: String,
    /// How much.
    pub amount: Money,
    /// The parcel that it is about, where it is about one.
    pub shipment_id: Option<ShipmentId>,
}

impl Decision for RequestRefund {
    fn reads(&self) -> Reads {
        reads(self.order_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.order_id, seen, |draft| {
            ask(draft, &self.refund_id, self.amount, self.shipment_id);
            Ok(())
        })
    }
}

/// Asks once more for every refund that failed. Quiet where none did.
#[derive(Clone, Copy, Debug)]
pub struct RetryRefunds {
    /// The order.
    pub order_id: OrderId,
}

impl Decision for RetryRefunds {
    fn reads(&self) -> Reads {
        reads(self.order_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.order_id, seen, |draft| {
            let failed = |(id, known): (&String, &Refund)| {
                (known.situation == RefundSituation::Failed).then(|| (id.clone(), known.amount))
            };
            let failed: Vec<_> = draft.book().refunds().iter().filter_map(failed).collect();
            for (refund_id, amount) in failed {
                ask(draft, &refund_id, amount, None);
            }
            Ok(())
        })
    }
}

/// Asks for a refund, unless it is under way or paid.
pub(super) fn ask(draft: &mut Draft, refund_id: &str, amount: Money, shipment_id: Option<ShipmentId>) {
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
        Some(provider_ref) => draft.tell(RefundRequested { order_id, step, refund_id, amount, provider_ref }),
        None => draft.tell(RefundFailed { order_id, step, refund_id, amount, code: EXCEEDED.to_owned() }),
    }
}

/// The payment of which `amount` can be given back: the parcel's own, then any other.
fn source(draft: &Draft, amount: Money, shipment_id: Option<ShipmentId>) -> Option<String> {
    let book = draft.book();
    let own = shipment_id.and_then(|id| book.captures().get(&id));
    let enough = |capture: &&Capture| {
        let left = capture.provider_ref().map_or(0, |provider_ref| book.refundable(provider_ref));
        capture.is_taken() && capture.amount.currency == amount.currency && amount.minor <= left
    };
    let found = own.into_iter().chain(book.captures().values()).find(enough);
    found.and_then(Capture::provider_ref).map(str::to_owned)
}

/// What the provider said about a refund.
pub(super) fn answered(
    draft: &mut Draft,
    step: &PaymentStep,
    outcome: &MoneyOutcome,
    rules: &ShopRules,
    now: Timestamp,
) {
    let of_step = |(id, known): (&String, &Refund)| {
        let asked = matches!(known.situation, RefundSituation::Asked { .. });
        (asked && PaymentStep::refund(id, known.attempt) == *step).then(|| (id.clone(), known.clone()))
    };
    let Some((refund_id, known)) = draft.book().refunds().iter().find_map(of_step) else { return };
    let (order_id, step, amount) = (draft.order_id, step.clone(), known.amount);
    match outcome {
        MoneyOutcome::Done => {
            let refunded = amount.currency.minor(draft.book().given_back().saturating_add(amount.minor));
            draft.tell(RefundSucceeded { order_id, step, refund_id, amount, refunded });
        }
        MoneyOutcome::Failed { code } => {
            draft.tell(RefundFailed { order_id, step, refund_id, amount, code: code.clone() });
        }
        MoneyOutcome::NeverArrived if draft.was_asked_about(&step) => {
            let provider_ref = known.provider_ref().unwrap_or_default().to_owned();
            draft.tell(RefundRequested { order_id, step, refund_id, amount, provider_ref });
        }
        MoneyOutcome::NeverArrived | MoneyOutcome::Unknown => unknown(draft, &step, rules, now),
    }
}
