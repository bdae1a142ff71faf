//! A payment provider for tests. It books amounts, and a test can hold, fail or lose its calls.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use domain::payment::provider::{AuthorizeOutcome, MoneyOutcome, ProviderAnswer};
use parking_lot::{Mutex, MutexGuard};
use platform::clock::Clock;
use reactors::adapters::provider::{Ask, Call, CallError, PaymentProvider};
use reactors::adapters::sandbox_provider::SandboxProvider;
use schemas::OrderId;
use tokio::sync::watch;

/// The outcome that a test has chosen for the next call of a kind.
#[derive(Clone, Debug)]
enum Fate {
    /// Fails with this code; a retry with the same key fails again.
    Fails(String),
    /// Is carried out; the answer is lost.
    AnswerLost,
    /// Does not arrive; the caller gets no answer.
    CallLost,
}

/// Answers like the sandbox, and repeats an answer for the same idempotency key.
pub struct ScriptedProvider {
    sandbox: SandboxProvider,
    held: watch::Sender<BTreeSet<&'static str>>,
    /// Kinds of calls that get the answer of another kind.
    confused: Mutex<BTreeSet<&'static str>>,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    fates: Vec<(&'static str, Fate)>,
    /// Answers by idempotency key.
    done: BTreeMap<String, ProviderAnswer>,
    /// Keys of calls that did not arrive.
    lost: BTreeSet<String>,
    /// Captured and refunded amounts by order, in minor units.
    moved: BTreeMap<OrderId, (i64, i64)>,
}

impl ScriptedProvider {
    /// `clock` is the base of the expiry of authorisations.
    pub fn new(clock: Clock) -> Self {
        let (held, confused) = (watch::Sender::new(BTreeSet::new()), Mutex::default());
        Self { sandbox: SandboxProvider::new(clock), held, confused, books: Mutex::default() }
    }

    /// Calls of this kind (`authorize`, `capture`, `void`, `refund`) are held until they are released.
    pub fn hold(&self, kind: &'static str) {
        self.held.send_modify(|held| {
            held.insert(kind);
        });
    }

    /// Releases held calls of this kind.
    pub fn release(&self, kind: &'static str) {
        self.held.send_modify(|held| {
            held.remove(kind);
        });
    }

    /// The next call of this kind fails with `code`.
    pub fn fail_next(&self, kind: &'static str, code: &str) {
        self.books().fates.push((kind, Fate::Fails(code.to_owned())));
    }

    /// The next call of this kind is carried out, but its answer is lost.
    pub fn lose_next_answer(&self, kind: &'static str) {
        self.books().fates.push((kind, Fate::AnswerLost));
    }

    /// The next call of this kind is lost on its way.
    pub fn lose_next_call(&self, kind: &'static str) {
        self.books().fates.push((kind, Fate::CallLost));
    }

    /// Calls of this kind get a wrong answer and are not carried out, until [`Self::restore`].
    pub fn confuse(&self, kind: &'static str) {
        self.confused.lock().insert(kind);
    }

    /// Ends the effect of [`Self::confuse`].
    pub fn restore(&self) {
        self.confused.lock().clear();
    }

    fn is_confused(&self, kind: &str) -> bool {
        self.confused.lock().contains(kind)
    }

    /// Captured and refunded amounts of an order in the provider's books, in minor units.
    pub fn moved(&self, order: OrderId) -> (i64, i64) {
        self.books().moved.get(&order).copied().unwrap_or_default()
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock()
    }

    async fn released(&self, kind: &str) {
        // The sender is in `self`, so the wait only ends with the release.
        if self.held.subscribe().wait_for(|held| !held.contains(kind)).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn fate(&self, kind: &str) -> Option<Fate> {
        let mut books = self.books();
        let next = books.fates.iter().position(|(of, _)| *of == kind)?;
        Some(books.fates.remove(next).1)
    }

    async fn carry_out(&self, call: &Call) -> Result<ProviderAnswer, CallError> {
        let answer = self.sandbox.call(call).await?;
        self.enter(call, answer)
    }

    fn enter(&self, call: &Call, answer: ProviderAnswer) -> Result<ProviderAnswer, CallError> {
        let order = call.key.split('/').next().and_then(|order| order.parse::<OrderId>().ok());
        let order = order.ok_or_else(|| CallError::NotSent("a key without an order".to_owned()))?;
        let mut books = self.books();
        let before = books.done.insert(call.key.clone(), answer.clone());
        let (taken, given) = books.moved.entry(order).or_default();
        match (&call.ask, &answer) {
            _ if before.is_some() => {}
            (Ask::Capture { amount, .. }, ProviderAnswer::Capture(MoneyOutcome::Done)) => {
                *taken += amount.minor
            }
            (Ask::Refund { amount, .. }, ProviderAnswer::Refund(MoneyOutcome::Done)) => {
                *given += amount.minor
            }
            _ => {}
        }
        Ok(answer)
    }

    async fn inquire(&self, call: &Call) -> Result<ProviderAnswer, CallError> {
        let known = {
            let books = self.books();
            books.done.get(&call.key).cloned().or_else(|| {
                let lost = books.lost.contains(&call.key);
                lost.then(|| with(call, AuthorizeOutcome::NeverArrived, MoneyOutcome::NeverArrived))
            })
        };
        match known {
            Some(answer) => Ok(answer),
            None => self.sandbox.call(call).await,
        }
    }
}

fn with(call: &Call, authorize: AuthorizeOutcome, money: MoneyOutcome) -> ProviderAnswer {
    match call.step.kind() {
        "capture" => ProviderAnswer::Capture(money),
        "void" => ProviderAnswer::Void(money),
        "refund" => ProviderAnswer::Refund(money),
        _ => ProviderAnswer::Authorize(authorize),
    }
}

#[async_trait]
impl PaymentProvider for ScriptedProvider {
    async fn call(&self, call: &Call) -> Result<ProviderAnswer, CallError> {
        let kind = call.step.kind();
        self.released(kind).await;
        if self.is_confused(kind) {
            let void = kind != "void";
            let nonsense = if void { ProviderAnswer::Void } else { ProviderAnswer::Refund };
            return Ok(nonsense(MoneyOutcome::Done));
        }
        if call.ask == Ask::Inquire {
            return self.inquire(call).await;
        }
        // A repeated call gets the first answer.
        let known = self.books().done.get(&call.key).cloned();
        if let Some(answer) = known {
            return Ok(answer);
        }
        self.books().lost.remove(&call.key);
        match self.fate(kind) {
            None => self.carry_out(call).await,
            Some(Fate::Fails(code)) => {
                let no = AuthorizeOutcome::Declined { code: schemas::payment::DeclineCode::Declined };
                self.enter(call, with(call, no, MoneyOutcome::Failed { code }))
            }
            Some(Fate::AnswerLost) => self.carry_out(call).await.and(Err(CallError::NotAnswered)),
            Some(Fate::CallLost) => {
                self.books().lost.insert(call.key.clone());
                Err(CallError::NotAnswered)
            }
        }
    }
}
