//! Payments: the result of the customer's bank authentication.

use std::sync::Arc;
use std::time::Duration;

use domain::payment::{CompleteAction, Confirmation};
use domain::{Changes, Decision, Reads, Refusal, Seen, ShopRules};
use schemas::{OrderId, Timestamp};

use super::Commands;
use crate::accepted::{Accepted, CommandError};
use crate::inputs::checks::Problems;
use crate::inputs::{ActionOutcome, PaymentActionInput};
use crate::meta::CommandMeta;

/// How long an authorisation usually lasts.
const AUTHORISED_FOR: Duration = Duration::from_hours(7 * 24);

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
        let action = ActionDone { order_id, outcome: input.outcome, until, rules: Arc::clone(&self.rules) };
        self.execute(meta, "CompletePaymentAction", target, &input, action).await
    }
}

/// [`CompleteAction`], with the default expiry of the authorisation if the input has none.
struct ActionDone {
    order_id: OrderId,
    outcome: ActionOutcome,
    until: Option<Timestamp>,
    rules: Arc<ShopRules>,
}

impl ActionDone {
    fn at(&self, now: Timestamp) -> CompleteAction {
        let confirmation = match self.outcome {
            ActionOutcome::Approved => Confirmation::Approved {
                authorized_until: self.until.unwrap_or_else(|| now.plus(AUTHORISED_FOR)),
            },
            ActionOutcome::Refused => Confirmation::Refused,
        };
        CompleteAction { order_id: self.order_id, confirmation, rules: Arc::clone(&self.rules) }
    }
}

impl Decision for ActionDone {
    fn reads(&self) -> Reads {
        self.at(Timestamp::EPOCH).reads()
    }

    fn decide(&self, seen: &Seen, now: Timestamp) -> Result<Changes, Refusal> {
        if self.until.is_some_and(|until| until <= now) {
            return Err(Refusal::rule(
                "INVALID_TIME",
                "The expiry of an authorisation must be in the future.",
            )
            .at("authorizedUntil"));
        }
        self.at(now).decide(seen, now)
    }
}
