//! Chargebacks: the customer's bank takes money back.

use schemas::payment::ChargebackReceived;
use schemas::{Money, OrderId};

use super::draft::{PaymentDraft, payment_decision};
use crate::Refusal;

/// Records a chargeback. No effect if the dispute is known.
/// Refuses with `NOT_FOUND` if no payment was requested, and with `NOTHING_CAPTURED` if nothing was captured.
#[derive(Clone, Debug)]
pub struct RecordChargeback {
    pub order_id: OrderId,
    pub amount: Money,
    /// The provider's reference of the dispute.
    pub provider_ref: String,
}

payment_decision!(RecordChargeback);

impl RecordChargeback {
    fn rule(&self, draft: &mut PaymentDraft<'_>) -> Result<(), Refusal> {
        let (order_id, amount, provider_ref) = (self.order_id, self.amount, self.provider_ref.clone());
        if draft.book().latest().is_none() {
            return Err(Refusal::not_found("payment").retryable());
        }
        if draft.book().taken() == 0 {
            let message = "Nothing was captured for this order, so there is nothing to charge back. Check the order id.";
            return Err(Refusal::rule("NOTHING_CAPTURED", message).retryable());
        }
        if !draft.book().is_disputed(&provider_ref) {
            draft.append(ChargebackReceived { order_id, amount, provider_ref });
        }
        Ok(())
    }
}
