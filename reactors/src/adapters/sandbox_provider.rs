//! A payment provider for shops without a contract. The token determines the answers, which stay the same across repeated
//! calls and restarts.
//!
//! | token | answer |
//! |---|---|
//! | `tok_ok` | authorised |
//! | `tok_decline`, `tok_insufficient`, `tok_fraud` | declined; after the last no further attempt is allowed |
//! | `tok_action` | the customer must confirm first |
//! | `tok_slow` | authorised after two seconds |
//! | `tok_timeout` | no answer; a later inquiry reports that it is authorised |
//! | `tok_flaky` | unreachable twice, then authorised |
//! | `tok_capture_fails` | authorised; the first capture of each parcel fails |
//! | `tok_refund_fails` | authorised; the first attempt of each refund fails |
//! | anything else | declined as an unknown token |

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use domain::payment::provider::{AuthorizeOutcome, MoneyOutcome, ProviderAnswer};
use parking_lot::Mutex;
use platform::clock::Clock;
use schemas::payment::DeclineCode;

use super::provider::{Ask, Call, CallError, PaymentProvider, done};

/// How long an authorisation lasts.
const AUTHORIZED_FOR: Duration = Duration::from_hours(7 * 24);
/// The delay of `tok_slow`.
const SLOW: Duration = Duration::from_secs(2);

/// The sandbox payment provider.
pub struct SandboxProvider {
    clock: Clock,
    /// How often each call of a flaky token has failed.
    unreached: Mutex<HashMap<String, u32>>,
}

impl SandboxProvider {
    /// `clock` gives the time at which authorisations begin.
    pub fn new(clock: Clock) -> Self {
        Self { clock, unreached: Mutex::default() }
    }

    fn authorized(&self, script: &str, key: &str) -> AuthorizeOutcome {
        AuthorizeOutcome::Authorized {
            provider_ref: format!("sandbox:{script}:{key}"),
            authorized_until: self.clock.now().plus(AUTHORIZED_FOR),
        }
    }

    async fn authorize(&self, token: &str, key: &str) -> Result<AuthorizeOutcome, CallError> {
        let declined = |code| Ok(AuthorizeOutcome::Declined { code });
        match token {
            "tok_ok" => {}
            "tok_decline" => return declined(DeclineCode::Declined),
            "tok_insufficient" => return declined(DeclineCode::InsufficientFunds),
            "tok_fraud" => return declined(DeclineCode::Fraud),
            "tok_action" => {
                let (action_url, provider_ref) =
                    (format!("/sandbox/confirm/{key}"), format!("sandbox:ok:{key}"));
                return Ok(AuthorizeOutcome::ActionRequired { action_url, provider_ref });
            }
            "tok_slow" => tokio::time::sleep(SLOW).await,
            "tok_timeout" => return Err(CallError::NotAnswered),
            "tok_flaky" => self.fail_twice(key)?,
            "tok_capture_fails" => return Ok(self.authorized("capture_fails", key)),
            "tok_refund_fails" => return Ok(self.authorized("refund_fails", key)),
            _ => return declined(DeclineCode::InvalidToken),
        }
        Ok(self.authorized("ok", key))
    }

    fn fail_twice(&self, key: &str) -> Result<(), CallError> {
        let mut unreached = self.unreached.lock();
        let times = unreached.entry(key.to_owned()).or_insert(0);
        if *times >= 2 {
            unreached.remove(key);
            return Ok(());
        }
        *times += 1;
        Err(CallError::NotSent("the sandbox is flaky".to_owned()))
    }
}

/// Whether the script in a reference makes the first attempt of a step fail.
fn fails_first(provider_ref: &str, script: &str, key: &str) -> bool {
    provider_ref.split(':').nth(1) == Some(script) && key.ends_with(":1")
}

fn money(fails: bool, code: &str) -> MoneyOutcome {
    if fails { MoneyOutcome::Failed { code: code.to_owned() } } else { MoneyOutcome::Done }
}

#[async_trait]
impl PaymentProvider for SandboxProvider {
    async fn call(&self, call: &Call) -> Result<ProviderAnswer, CallError> {
        let key = &call.key;
        Ok(match &call.ask {
            Ask::Authorize { token, .. } => ProviderAnswer::Authorize(self.authorize(token, key).await?),
            Ask::Capture { provider_ref, .. } => ProviderAnswer::Capture(money(
                fails_first(provider_ref, "capture_fails", key),
                "CARD_BLOCKED",
            )),
            Ask::Void { .. } => ProviderAnswer::Void(MoneyOutcome::Done),
            Ask::Refund { provider_ref, .. } => ProviderAnswer::Refund(money(
                fails_first(provider_ref, "refund_fails", key),
                "ACCOUNT_CLOSED",
            )),
            // Inquiries are about unanswered calls only, and the sandbox has carried out all of those.
            Ask::Inquire => done(&call.step, self.authorized("ok", key)),
        })
    }
}
