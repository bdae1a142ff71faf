//! Every command that people can give, one file per group.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Decision, ShopRules};
use event_log::port::{LedgerEntry, Parking, Wanted};
use event_log::request::{Expected, Origin, Request, Verdict, WriteError};
use event_log::writer::Writer;
use platform::sealing::{Sealer, SealingError, SubjectSeal};
use platform::vault::VaultError;
use schemas::{CommandId, Context, StreamId};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::accepted::{Accepted, CommandError, in_words_of_inputs};
use crate::meta::Meta;

mod catalog;
mod existing;
mod orders;
mod payments;
mod reactions;
mod shipments;
mod stock;

pub use orders::Shopper;

/// Purpose of the keyed hash that tells whether a retry asks for the same thing.
const FINGERPRINT: &str = "command-fingerprint";
/// Purpose of the keyed hash that lets a guest see an order.
pub const GUEST_TOKEN: &str = "guest-token";

/// The writers of all contexts. Cheap to clone.
#[derive(Clone)]
pub struct Writers(Arc<BTreeMap<Context, Writer>>);

/// A context has no writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} has no writer")]
pub struct NoWriter(pub Context);

impl Writers {
    /// Each writer belongs to the context of its log. Every context needs one.
    pub fn new(writers: impl IntoIterator<Item = Writer>) -> Result<Self, NoWriter> {
        let writers: BTreeMap<_, _> =
            writers.into_iter().map(|writer| (writer.log().context(), writer)).collect();
        match Context::ALL.into_iter().find(|context| !writers.contains_key(context)) {
            Some(context) => Err(NoWriter(context)),
            None => Ok(Self(Arc::new(writers))),
        }
    }

    /// The writer of a context.
    pub fn of(&self, context: Context) -> &Writer {
        // `new` has checked that it is there.
        &self.0[&context]
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
    /// The flow that it belongs to where the caller names none; a new one if none.
    flow: Option<Uuid>,
}

/// A command before it is decided: everything about it but the rule.
struct Asked {
    request: Meta,
    fingerprint: [u8; 32],
    target: Target,
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
    pub async fn what_became_of(
        &self,
        command: CommandId,
    ) -> Result<Option<(Context, LedgerEntry, Verdict)>, CommandError> {
        for context in Context::ALL {
            if let Some(entry) = self.ledger_entry(context, command).await? {
                let verdict = serde_json::from_str(&entry.answer)?;
                return Ok(Some((context, entry, verdict)));
            }
        }
        Ok(None)
    }

    async fn ledger_entry(
        &self,
        context: Context,
        command: CommandId,
    ) -> Result<Option<LedgerEntry>, CommandError> {
        let wanted = Wanted { commands: vec![command], ..Wanted::default() };
        let (_, mut facts) = self.writers.of(context).log().facts(&wanted).await.map_err(WriteError::from)?;
        Ok(facts.ledger.remove(&command))
    }

    /// Takes the fingerprint: keyed, and before anything is sealed, so that neither can it be guessed from nor does it
    /// change with the cipher.
    async fn asked(
        &self,
        meta: &Meta,
        operation: &str,
        target: Target,
        input: &(impl Serialize + Sync),
    ) -> Result<Asked, CommandError> {
        let asked = serde_json::to_vec(&(operation, &target.stream, &target.id, meta.expected, input))?;
        let fingerprint = self.sealer.keyed_hash(FINGERPRINT, &asked).await?;
        Ok(Asked { request: meta.clone(), fingerprint, target })
    }

    /// The subject's seal; where the subject was erased meanwhile, a retry still gets the first answer, as the error's
    /// alternative.
    async fn seal_for(
        &self,
        asked: &Asked,
        subject: &str,
    ) -> Result<Result<SubjectSeal, Accepted>, CommandError> {
        match self.sealer.subject(subject).await {
            Ok(seal) => Ok(Ok(seal)),
            Err(SealingError::Vault(VaultError::Erased { subject })) => {
                let command = asked.request.command();
                let Some(entry) = self.ledger_entry(asked.target.context, command).await? else {
                    return Err(SealingError::Vault(VaultError::Erased { subject }).into());
                };
                if entry.fingerprint != asked.fingerprint {
                    return Err(WriteError::KeyReused.into());
                }
                let verdict = serde_json::from_str(&entry.answer)?;
                told(&asked.target, command, verdict, true).map(Err)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Takes the fingerprint of a command without personal data, and has it decided and recorded.
    async fn carry_out(
        &self,
        meta: &Meta,
        operation: &str,
        target: Target,
        input: &(impl Serialize + Sync),
        decision: impl Decision + 'static,
    ) -> Result<Accepted, CommandError> {
        let asked = self.asked(meta, operation, target, input).await?;
        self.submit(asked, decision, Vec::new()).await
    }

    /// Has a command decided and recorded.
    async fn submit(
        &self,
        asked: Asked,
        decision: impl Decision + 'static,
        parking: Vec<Parking>,
    ) -> Result<Accepted, CommandError> {
        let Asked { request: meta, fingerprint, target } = asked;
        let command = meta.command();
        let expected = meta.expected.map(|version| (target.stream.clone(), Expected::Exact(version)));
        let request = Request {
            command,
            origin: Origin::Command { fingerprint },
            decision: Arc::new(decision),
            actor: meta.actor,
            correlation: meta.correlation.or(target.flow).unwrap_or(command.uuid()),
            causation: command.uuid(),
            traceparent: meta.traceparent,
            expected: expected.into_iter().collect(),
            parking,
        };
        let outcome = self.writers.of(target.context).submit(request).await?;
        told(&target, command, outcome.verdict, outcome.replayed)
    }
}

/// What the caller is told of a verdict.
fn told(
    target: &Target,
    command_id: CommandId,
    verdict: Verdict,
    replayed: bool,
) -> Result<Accepted, CommandError> {
    match verdict {
        Verdict::Done { versions, answer, .. } => {
            let version = versions.iter().find(|(stream, _)| *stream == target.stream).map_or(0, |(_, v)| *v);
            let answer = match answer {
                Some(Value::Object(fields)) => fields,
                _ => Map::new(),
            };
            Ok(Accepted {
                command_id,
                id: target.id.clone(),
                version,
                token: token(&versions),
                answer,
                replayed,
            })
        }
        Verdict::Refused { refusal } => {
            Err(CommandError::Refused { refusal: in_words_of_inputs(refusal), replayed })
        }
        Verdict::Conflict { stream, version } => Err(CommandError::Conflict { stream, version, replayed }),
    }
}

/// `stream@version`, joined by commas. Streams that do not exist have nothing to wait for.
pub(crate) fn token(versions: &[(StreamId, u64)]) -> String {
    let parts: Vec<String> = versions
        .iter()
        .filter(|(_, version)| *version > 0)
        .map(|(stream, version)| format!("{stream}@{version}"))
        .collect();
    parts.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writers_without_one_for_each_context_are_refused() {
        assert_eq!(Writers::new([]).err(), Some(NoWriter(Context::Catalog)));
    }
}
