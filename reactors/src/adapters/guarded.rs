//! A timeout, retries and a circuit breaker around a payment provider.

use std::time::Duration;

use domain::payment::provider::ProviderAnswer;
use parking_lot::Mutex;
use platform::backoff::Backoff;
use tokio::time::Instant;

use super::provider::{Call, CallError, PaymentProvider};

/// Attempts for a call that was not sent.
const TRIES: u32 = 3;
/// The pause before the second attempt. It doubles with each further one.
const PAUSE: Duration = Duration::from_millis(50);
/// The breaker opens after this many calls in a row that could not be sent.
const BREAKS_AFTER: u32 = 10;
/// How long the breaker stays open.
const REST: Duration = Duration::from_secs(2);

/// A provider behind a timeout, retries and a circuit breaker.
pub struct Guarded<P> {
    provider: P,
    timeout: Duration,
    breaker: Mutex<Breaker>,
}

#[derive(Default)]
struct Breaker {
    failures: u32,
    open_until: Option<Instant>,
}

impl<P: PaymentProvider> Guarded<P> {
    /// A call that takes longer than `timeout` counts as unanswered.
    pub fn new(provider: P, timeout: Duration) -> Self {
        Self { provider, timeout, breaker: Mutex::default() }
    }

    /// The provider's answer. `None`: the outcome is unknown, and the payment inquires about it later. An error means that
    /// nothing was sent, so the call can be repeated later.
    pub async fn call(&self, call: &Call) -> Result<Option<ProviderAnswer>, CallError> {
        let mut backoff = Backoff::new(PAUSE, TRIES * PAUSE);
        for attempt in 1.. {
            self.may_call()?;
            match tokio::time::timeout(self.timeout, self.provider.call(call)).await {
                Ok(Ok(answer)) => {
                    self.sent(true);
                    return Ok(Some(answer));
                }
                Err(_) | Ok(Err(CallError::NotAnswered)) => return Ok(None),
                Ok(Err(error)) => {
                    self.sent(false);
                    if attempt >= TRIES {
                        return Err(error);
                    }
                    tokio::time::sleep(backoff.next_pause()).await;
                }
            }
        }
        Ok(None)
    }

    fn may_call(&self) -> Result<(), CallError> {
        let breaker = self.breaker.lock();
        match breaker.open_until {
            Some(until) if Instant::now() < until => {
                Err(CallError::NotSent("the circuit breaker is open after repeated failures".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn sent(&self, sent: bool) {
        let mut breaker = self.breaker.lock();
        if sent {
            *breaker = Breaker::default();
            return;
        }
        breaker.failures += 1;
        if breaker.failures >= BREAKS_AFTER {
            breaker.open_until = Some(Instant::now() + REST);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use async_trait::async_trait;
    use domain::payment::provider::MoneyOutcome;
    use schemas::payment::PaymentStep;

    use super::*;
    use crate::adapters::provider::Ask;

    struct Scripted {
        calls: AtomicU32,
        fails: u32,
        how: CallError,
    }

    #[async_trait]
    impl PaymentProvider for Scripted {
        async fn call(&self, _call: &Call) -> Result<ProviderAnswer, CallError> {
            if self.calls.fetch_add(1, Ordering::SeqCst) < self.fails {
                return Err(self.how.clone());
            }
            Ok(ProviderAnswer::Void(MoneyOutcome::Done))
        }
    }

    fn guarded(fails: u32, how: CallError) -> Guarded<Scripted> {
        Guarded::new(Scripted { calls: AtomicU32::new(0), fails, how }, Duration::from_secs(1))
    }

    fn call() -> Call {
        Call {
            key: "k".to_owned(),
            step: PaymentStep::void(1),
            ask: Ask::Void { provider_ref: "r".to_owned() },
        }
    }

    fn not_sent() -> CallError {
        CallError::NotSent("refused".to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_was_not_sent_is_repeated_and_one_that_was_not_answered_is_not() {
        let flaky = guarded(2, not_sent());
        assert_eq!(flaky.call(&call()).await, Ok(Some(ProviderAnswer::Void(MoneyOutcome::Done))));
        assert_eq!(flaky.provider.calls.load(Ordering::SeqCst), 3);
        let silent = guarded(1, CallError::NotAnswered);
        assert_eq!(silent.call(&call()).await, Ok(None));
        assert_eq!(silent.provider.calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn after_repeated_failures_the_breaker_stays_open_for_a_while() {
        let down = guarded(BREAKS_AFTER, not_sent());
        for _ in 0..BREAKS_AFTER.div_ceil(TRIES) {
            assert!(down.call(&call()).await.is_err());
        }
        let calls = down.provider.calls.load(Ordering::SeqCst);
        assert_eq!(calls, BREAKS_AFTER, "the breaker opened during a round of attempts");
        assert!(down.call(&call()).await.is_err());
        assert_eq!(down.provider.calls.load(Ordering::SeqCst), calls, "no call was made");
        tokio::time::advance(REST).await;
        assert_eq!(down.call(&call()).await, Ok(Some(ProviderAnswer::Void(MoneyOutcome::Done))));
    }
}
