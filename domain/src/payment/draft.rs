//! A payment during one decision.

use std::ops::{Deref, DerefMut};

use schemas::OrderId;
use schemas::payment::{PaymentOutcomeUnknown, PaymentStep};

use super::Payment;
use super::book::Unanswered;
use crate::{Draft, ShopRules};

/// A payment, and the events that one decision appends to it.
pub(super) struct PaymentDraft<'a> {
    pub order_id: OrderId,
    /// The payment after the events appended so far.
    pub payment: Draft<'a, Payment>,
}

/// Turns a command into a decision on the payment of the order that it names, with its `rule(&self, &mut PaymentDraft)`.
macro_rules! payment_decision {
    ($command:ty) => {
        impl crate::Decision for $command {
            fn reads(&self) -> crate::Reads {
                crate::Reads::stream::<crate::payment::Payment>(self.order_id.payment_stream())
            }

            fn decide(
                &self,
                seen: &crate::Seen,
                now: schemas::Timestamp,
            ) -> Result<crate::Changes, crate::Refusal> {
                crate::payment::decide(self.order_id, seen, now, |draft| self.rule(draft))
            }
        }
    };
}
pub(super) use payment_decision;

impl PaymentDraft<'_> {
    /// Whether an inquiry about the step is open.
    pub(super) fn was_asked_about(&self, step: &PaymentStep) -> bool {
        matches!(self.book().unanswered(step), Some(Unanswered::Asked { .. }))
    }

    /// The outcome of an open step is unknown: schedules an inquiry, unless one is scheduled already.
    pub(super) fn unknown(&mut self, step: &PaymentStep, rules: &ShopRules) {
        if !matches!(self.book().unanswered(step), Some(Unanswered::AskAt { .. })) {
            let (order_id, step, ask_at) = (self.order_id, step.clone(), self.now().plus(rules.inquiry));
            self.append(PaymentOutcomeUnknown { order_id, step, ask_at });
        }
    }
}

impl<'a> Deref for PaymentDraft<'a> {
    type Target = Draft<'a, Payment>;

    fn deref(&self) -> &Self::Target {
        &self.payment
    }
}

impl DerefMut for PaymentDraft<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.payment
    }
}
