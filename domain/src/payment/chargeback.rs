//! Chargebacks: the customer's bank takes money back.

use schemas::payment::ChargebackReceived;
use schemas::{Money, OrderId};

use super::draft::{PaymentDraft, payment_decision};
use crate::Refusal;

/// Records a chargeback. No effect if the dispute is known with the same amount.
/// Refuses with `NOT_FOUND` if no payment was requested, with `NOTHING_CAPTURED` if nothing was captured, and with
/// `CHARGEBACK_RECORDED` if the dispute is known with another amount.
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
        match draft.book().disputed(&provider_ref) {
            Some(known) if known == amount => {}
            Some(known) => {
                let message = format!(
                    "The dispute with this reference was already recorded with {known}. Use another reference for another dispute."
                );
                return Err(Refusal::rule("CHARGEBACK_RECORDED", message).at("providerRef"));
            }
            None => draft.append(ChargebackReceived { order_id, amount, provider_ref }),
        }
        Ok(())
    }
}
