//! Payments: the result of the customer's bank authentication.

use std::sync::Arc;

use domain::payment::{CompleteAction, Confirmation};

use super::Commands;
use crate::accepted::{Accepted, CommandError};
use crate::inputs::checks::Problems;
use crate::inputs::{ActionOutcome, PaymentActionInput};
use crate::meta::CommandMeta;

impl Commands {
    /// Records the result of the customer's bank authentication (3-D Secure). `order`: the id of the order that is paid.
    pub async fn complete_payment_action(
        &self,
        meta: &CommandMeta,
        order: &str,
        input: PaymentActionInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let until = problems.parsed_if("authorizedUntil", input.authorized_until.as_deref());
        if input.outcome == ActionOutcome::Refused && input.authorized_until.is_some() {
            problems.add(
                "NOT_APPLICABLE",
                "authorizedUntil",
                "Without an authorisation there is no expiry. Leave it out.",
            );
        }
        problems.none()?;
        let (order_id, target) = self.known_payment(order).await?;
        let confirmation = match input.outcome {
            ActionOutcome::Approved => Confirmation::Approved { authorized_until: until },
            ActionOutcome::Refused => Confirmation::Refused,
        };
        let action = CompleteAction { order_id, confirmation, rules: Arc::clone(&self.rules) };
        self.execute(meta, "CompletePaymentAction", target, &input, action).await
    }
}
