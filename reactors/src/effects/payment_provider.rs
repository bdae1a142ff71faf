//! Calls the payment provider for each intent of a payment, and brings its answer back.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::payment::provider::{
    AuthorizeOutcome, ProviderAnswer, ProviderAnswered, ProviderAsk, ProviderCall, provider_call,
};
use domain::{Decision, ShopRules, policies};
use platform::bus::Record;
use platform::sealing::{Opened, Sealer};
use schemas::payment::{DeclineCode, PaymentEvent};
use schemas::sealed::field;
use schemas::{Context, EventSet, Topic};

use crate::adapters::guarded::Guarded;
use crate::adapters::provider::{Ask, Call, CallError, PaymentProvider};
use crate::participant::{AnswerError, Participant};
use crate::participants::rule;

/// A call that takes longer is asked about later.
const PATIENCE: Duration = Duration::from_secs(10);

/// See the module.
pub(super) struct ProviderCalls {
    rules: Arc<ShopRules>,
    sealer: Sealer,
    provider: Guarded<Arc<dyn PaymentProvider>>,
}

impl ProviderCalls {
    pub fn new(rules: Arc<ShopRules>, sealer: Sealer, provider: Arc<dyn PaymentProvider>) -> Self {
        Self { rules, sealer, provider: Guarded::new(provider, PATIENCE) }
    }

    /// What to ask; `None` when the token cannot be opened any more.
    async fn ask(&self, ask: ProviderAsk) -> Result<Option<Ask>, AnswerError> {
        Ok(Some(match ask {
            ProviderAsk::Authorize { amount, payment_token } => {
                match self.sealer.open::<String>(&payment_token, field::PAYMENT_TOKEN).await? {
                    Opened::Value(token) => Ask::Authorize { amount, token },
                    Opened::Erased => return Ok(None),
                }
            }
            ProviderAsk::Capture { amount, provider_ref } => Ask::Capture { amount, provider_ref },
            ProviderAsk::Void { provider_ref, .. } => Ask::Void { provider_ref },
            ProviderAsk::Refund { amount, provider_ref } => Ask::Refund { amount, provider_ref },
            ProviderAsk::Inquire => Ask::Inquire,
        }))
    }

    async fn outcome(&self, intent: ProviderCall) -> Result<ProviderAnswer, AnswerError> {
        let (key, step) = (intent.idempotency_key(), intent.step.clone());
        let Some(ask) = self.ask(intent.ask).await? else {
            return Ok(ProviderAnswer::Authorize(AuthorizeOutcome::Declined {
                code: DeclineCode::TokenErased,
            }));
        };
        let call = Call { key, step, ask };
        match self.provider.call(&call).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => ProviderAnswer::unknown(&call.step)
                .ok_or_else(|| AnswerError::Broken(format!("{} is no step of a payment", call.step))),
            Err(CallError::NotSent(_) | CallError::NotAnswered) => {
                Err(AnswerError::Unavailable("the payment provider".to_owned()))
            }
        }
    }
}

#[async_trait]
impl Participant for ProviderCalls {
    fn name(&self) -> &'static str {
        policies::PAYMENTS_PROVIDER
    }

    fn context(&self) -> Context {
        Context::Payments
    }

    fn topics(&self) -> Vec<Topic> {
        rule::topics(self.name())
    }

    fn hears(&self, topic: Topic, name: &str) -> bool {
        rule::hears(self.name(), topic, name)
    }

    async fn answer(&self, record: &Record) -> Result<Option<Arc<dyn Decision>>, AnswerError> {
        let event =
            PaymentEvent::decode(&record.envelope.name, record.envelope.type_version, &record.payload)?;
        let Some(intent) = provider_call(&event) else { return Ok(None) };
        let (order_id, step) = (intent.order_id, intent.step.clone());
        let answer = self.outcome(intent).await?;
        let rules = Arc::clone(&self.rules);
        Ok(Some(Arc::new(ProviderAnswered { order_id, step, answer, rules })))
    }
}

#[async_trait]
impl PaymentProvider for Arc<dyn PaymentProvider> {
    async fn call(&self, call: &Call) -> Result<ProviderAnswer, CallError> {
        self.as_ref().call(call).await
    }
}
