//! Payments: what the customer did at their bank.

use std::sync::Arc;
use std::time::Duration;

use domain::payment::{CompleteAction, Confirmation};
use domain::{Changes, Decision, Reads, Refusal, Seen, ShopRules};
use schemas::{OrderId, Timestamp};

use super::Commands;
use crate::accepted::{Accepted, CommandError};
use crate::inputs::checks::Problems;
use crate::inputs::{ActionOutcome, PaymentActionInput};
use crate::meta::Meta;

/// How long banks usually keep money set aside.
const SET_ASIDE: Duration = Duration::from_hours(7 * 24);

impl Commands {
    /// Tells what the customer did at their bank: by staff, or by the provider's notice. `order` is the order that is paid.
    pub async fn complete_payment_action(
        &self,
        meta: &Meta,
        order: &str,
        input: PaymentActionInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let until = problems.parsed_if("authorizedUntil", input.authorized_until.as_deref());
        if input.outcome == ActionOutcome::Refused && input.authorized_until.is_some() {
            problems.add(
                "NOT_APPLICABLE",
                "authorizedUntil",
                "Nothing is set aside when the customer refused: leave it out.",
            );
        }
        problems.none()?;
        let (order_id, target) = self.known_payment(order).await?;
        let action = ActionDone { order_id, outcome: input.outcome, until, rules: Arc::clone(&self.rules) };
        self.carry_out(meta, "CompletePaymentAction", target, &input, action).await
    }
}

/// [`CompleteAction`], with the time that it does not say.
struct ActionDone {
    order_id: OrderId,
    outcome: ActionOutcome,
    until: Option<Timestamp>,
    rules: Arc<ShopRules>,
}

impl ActionDone {
    fn at(&self, now: Timestamp) -> CompleteAction {
        let confirmation = match self.outcome {
            ActionOutcome::Approved => {
                Confirmation::Approved { authorized_until: self.until.unwrap_or_else(|| now.plus(SET_ASIDE)) }
            }
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
            return Err(Refusal::rule("INVALID_TIME", "Money is set aside until some time to come.")
                .at("authorizedUntil"));
        }
        self.at(now).decide(seen, now)
    }
}
