//! Calls the payment provider for each intent of a payment, and records its answer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::payment::provider::{
    AuthorizeOutcome, ProviderAnswer, ProviderAnswered, ProviderAsk, ProviderCall, provider_call,
};
use domain::policies::ReactorSpec;
use domain::{Decision, ShopRules};
use platform::bus::Record;
use platform::sealing::{Opened, Sealer};
use schemas::EventSet;
use schemas::payment::{DeclineCode, PaymentEvent};
use schemas::sealed::field;

use crate::adapters::guarded::Guarded;
use crate::adapters::provider::{Ask, Call, CallError, PaymentProvider};
use crate::reactor::{AnswerError, Reactor};

/// A call that takes longer counts as unanswered; its outcome is inquired about later.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct ProviderCalls {
    spec: &'static ReactorSpec,
    rules: Arc<ShopRules>,
    sealer: Sealer,
    provider: Guarded<Arc<dyn PaymentProvider>>,
}

impl ProviderCalls {
    pub(super) fn new(
        spec: &'static ReactorSpec,
        rules: Arc<ShopRules>,
        sealer: Sealer,
        provider: Arc<dyn PaymentProvider>,
    ) -> Self {
        Self { spec, rules, sealer, provider: Guarded::new(provider, TIMEOUT) }
    }

    /// The call of the provider. `None`: the token was erased.
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
                .ok_or_else(|| AnswerError::Broken(format!("{} is not a payment step", call.step))),
            Err(CallError::NotSent(_) | CallError::NotAnswered) => {
                Err(AnswerError::Unavailable("the payment provider".to_owned()))
            }
        }
    }
}

#[async_trait]
impl Reactor for ProviderCalls {
    fn spec(&self) -> &'static ReactorSpec {
        self.spec
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
