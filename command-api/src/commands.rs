//! Every command that people can give, one file per group.

use std::sync::Arc;

use domain::{Decision, ShopRules, UserError};
use event_log::port::{LedgerEntry, Wanted};
use event_log::request::{Expected, Origin, Request, Verdict};
use event_log::writer::Writer;
use platform::sealing::Sealer;
use schemas::{CommandId, Context, StreamId};
use serde::Serialize;
use serde_json::Map;

use crate::accepted::{Accepted, CommandError};
use crate::meta::Meta;

mod catalog;
mod orders;
mod payments;
mod reactions;
mod shipments;
mod stock;

/// Purpose of the keyed hash that tells whether a retry asks for the same thing.
const FINGERPRINT: &str = "command-fingerprint";
/// Purpose of the keyed hash that lets a guest see an order.
pub const GUEST_TOKEN: &str = "guest-token";

/// The writers of all contexts.
#[derive(Clone)]
pub struct Writers {
    /// Catalog.
    pub catalog: Writer,
    /// Inventory.
    pub inventory: Writer,
    /// Ordering.
    pub ordering: Writer,
    /// Payments.
    pub payments: Writer,
    /// Shipping.
    pub shipping: Writer,
}

impl Writers {
    /// The writer of a context.
    pub fn of(&self, context: Context) -> &Writer {
        match context {
            Context::Catalog => &self.catalog,
            Context::Inventory => &self.inventory,
            Context::Ordering => &self.ordering,
            Context::Payments => &self.payments,
            Context::Shipping => &self.shipping,
        }
    }
}

/// All commands. Cheap to clone.
#[derive(Clone)]
pub struct Commands {
    writers: Writers,
    sealer: Sealer,
    rules: Arc<ShopRules>,
}

/// Where a command goes and what it is about.
struct Target {
    context: Context,
    stream: StreamId,
    id: String,
}

impl Commands {
    /// With these writers and rules.
    pub fn new(writers: Writers, sealer: Sealer, rules: Arc<ShopRules>) -> Self {
        Self { writers, sealer, rules }
    }

    /// The rules of the shop.
    pub fn rules(&self) -> &Arc<ShopRules> {
        &self.rules
    }

    /// The writers.
    pub fn writers(&self) -> &Writers {
        &self.writers
    }

    /// The token with which a guest sees the order, lower-case hex.
    pub async fn guest_token(&self, order: &str) -> Result<String, CommandError> {
        let hash = self.sealer.keyed_hash(GUEST_TOKEN, order.as_bytes()).await?;
        Ok(event_log::chain::to_hex(&hash))
    }

    /// Whether `token` lets a guest see the order; a wrong one takes as long as the right one.
    pub async fn guest_may(&self, order: &str, token: &str) -> Result<bool, CommandError> {
        let Some(hash) = event_log::chain::from_hex(token) else { return Ok(false) };
        Ok(self.sealer.verify(GUEST_TOKEN, order.as_bytes(), &hash).await?)
    }

    /// What became of a command, from the ledgers; `None` when none knows it.
    pub async fn what_became_of(&self, command: CommandId) -> Result<Option<(Context, LedgerEntry, Verdict)>, CommandError> {
        for context in Context::ALL {
            let wanted = Wanted { commands: vec![command], ..Wanted::default() };
            let (_, mut facts) = self.writers.of(context).log().facts(&wanted).await.map_err(event_log::request::WriteError::from)?;
            if let Some(entry) = facts.ledger.remove(&command) {
                let verdict = serde_json::from_str(&entry.answer)?;
                return Ok(Some((context, entry, verdict)));
            }
        }
        Ok(None)
    }

    /// Keyed, and taken before anything is sealed: neither can be guessed from it nor changes it with the cipher.
    async fn fingerprint(&self, operation: &str, input: &impl Serialize) -> Result<[u8; 32], CommandError> {
        let asked = serde_json::to_vec(&(operation, input))?;
        Ok(self.sealer.keyed_hash(FINGERPRINT, &asked).await?)
    }

    async fn carry_out(
        &self,
        meta: &Meta,
        operation: &str,
        input: &impl Serialize,
        target: Target,
        decision: impl Decision + 'static,
    ) -> Result<Accepted, CommandError> {
        let fingerprint = self.fingerprint(operation, input).await?;
        let request = self.request(meta, fingerprint, &target, decision);
        self.submit(target, request).await
    }

    fn request(
        &self,
        meta: &Meta,
        fingerprint: [u8; 32],
        target: &Target,
        decision: impl Decision + 'static,
    ) -> Request {
        let command = meta.command();
        let expected = meta.expected.map(|version| (target.stream.clone(), Expected::Exact(version)));
        Request {
            command,
            origin: Origin::Command { fingerprint },
            decision: Arc::new(decision),
            actor: meta.actor.clone(),
            correlation: meta.correlation.unwrap_or(command.uuid()),
            causation: command.uuid(),
            traceparent: meta.traceparent.clone(),
            expected: expected.into_iter().collect(),
            parking: Vec::new(),
        }
    }

    async fn submit(&self, target: Target, request: Request) -> Result<Accepted, CommandError> {
        let command_id = request.command;
        let outcome = self.writers.of(target.context).submit(request).await?;
        match outcome.verdict {
            Verdict::Done { versions, answer, .. } => {
                let version = versions.iter().find(|(stream, _)| *stream == target.stream).map_or(0, |(_, v)| *v);
                let token: Vec<String> = versions.iter().map(|(stream, version)| format!("{stream}@{version}")).collect();
                let answer = match answer {
                    Some(serde_json::Value::Object(fields)) => fields,
                    _ => Map::new(),
                };
                let token = token.join(",");
                Ok(Accepted { command_id, id: target.id, version, token, answer, replayed: outcome.replayed })
            }
            Verdict::Refused { refusal } => Err(CommandError::Refused(refusal)),
            Verdict::Conflict { stream, version } => Err(CommandError::Conflict { stream, version }),
        }
    }
}

/// Collects everything that is wrong with an input.
#[derive(Default)]
pub(crate) struct Problems(Vec<UserError>);

impl Problems {
    pub fn add(&mut self, code: &str, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(UserError::new(code, field, message));
    }

    /// What `parse` makes of a text; a problem if nothing.
    pub fn parsed<T: std::str::FromStr>(&mut self, field: &str, text: &str) -> Option<T>
    where
        T::Err: std::fmt::Display,
    {
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.add("MALFORMED", field, format!("{error}."));
                None
            }
        }
    }

    /// A text that must not be empty and not be longer than `max` characters.
    pub fn text(&mut self, field: &str, text: &str, max: usize) {
        if text.trim().is_empty() {
            self.add("REQUIRED", field, "Must not be empty.");
        } else if text.chars().count() > max {
            self.add("TOO_LONG", field, format!("At most {max} characters."));
        }
    }

    pub fn none(self) -> Result<(), CommandError> {
        if self.0.is_empty() { Ok(()) } else { Err(CommandError::Invalid(self.0)) }
    }
}
