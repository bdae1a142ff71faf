//! The customer's bank takes money back.

use schemas::payment::ChargebackReceived;
use schemas::{Money, OrderId, Timestamp};

use super::{decide, reads};
use crate::{Changes, Decision, Reads, Refusal, Seen};

/// The bank took money back. Quiet when a dispute of that name is known.
///
/// Refuses with `NOT_FOUND` where no payment was asked for, with `NOTHING_CAPTURED` where nothing was taken.
#[derive(Clone, Debug)]
pub struct RecordChargeback {
    /// The order.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// The provider's name for the dispute.
    pub provider_ref: String,
}

impl Decision for RecordChargeback {
    fn reads(&self) -> Reads {
        reads(self.order_id)
    }

    fn decide(&self, seen: &Seen, _now: Timestamp) -> Result<Changes, Refusal> {
        decide(self.order_id, seen, |draft| {
            let (order_id, amount, provider_ref) = (self.order_id, self.amount, self.provider_ref.clone());
            if draft.book().latest().is_none() {
                return Err(Refusal::not_found("payment"));
            }
            if draft.book().taken() == 0 {
                let message = "Nothing was taken for this order, so nothing can be taken back.";
                return Err(Refusal::rule("NOTHING_CAPTURED", message));
            }
            if !draft.book().is_disputed(&provider_ref) {
                draft.tell(ChargebackReceived { order_id, amount, provider_ref });
            }
            Ok(())
        })
    }
}
