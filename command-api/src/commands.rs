//! All commands, one file per group.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Decision, ShopRules};
use event_log::port::{LedgerEntry, Parking, Wanted};
use event_log::request::{Expected, Origin, Request, Verdict, WriteError};
use event_log::writer::Writer;
use platform::global_id;
use platform::sealing::{Sealer, SealingError, SubjectSeal};
use platform::vault::VaultError;
use schemas::{CommandId, Context, StreamId};
use serde::Serialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::accepted::{Accepted, CommandError};
use crate::meta::CommandMeta;
use crate::words;

mod catalog;
mod existing;
mod orders;
mod payments;
mod reactions;
mod recorded;
mod shipments;
mod stock;

pub use orders::Shopper;
pub(crate) use recorded::Recorded;

/// Purpose of the keyed hash that shows whether a retry is the same request.
const FINGERPRINT: &str = "command-fingerprint";
/// Purpose of the keyed hash that gives a guest access to an order.
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
    numeric_tokens: bool,
}

/// The stream that a command is about.
struct Target {
    context: Context,
    stream: StreamId,
    id: String,
    /// The type of the object in global ids.
    type_name: &'static str,
    /// The correlation id, unless the command's metadata has one. `None`: a new one.
    flow: Option<Uuid>,
}

/// A command with the fingerprint of its request, before it is decided.
struct Fingerprinted {
    meta: CommandMeta,
    fingerprint: [u8; 32],
    target: Target,
}

/// The result of looking up a subject's key.
enum Sealing {
    /// The key, to seal personal data with.
    Seal(SubjectSeal),
    /// The key was erased, but the command is a retry: its first response.
    AlreadyAnswered(Accepted),
}

impl Commands {
    /// All commands, on these writers and rules.
    pub fn new(writers: Writers, sealer: Sealer, rules: Arc<ShopRules>) -> Self {
        Self { writers, sealer, rules, numeric_tokens: false }
    }

    /// The same commands. If `accept` is true, they accept payment tokens that look like card numbers: for a payment provider
    /// whose tokens are such numbers.
    #[must_use]
    pub fn accepting_numeric_tokens(self, accept: bool) -> Self {
        Self { numeric_tokens: accept, ..self }
    }

    /// Whether payment tokens may look like card numbers.
    pub(crate) fn accepts_numeric_tokens(&self) -> bool {
        self.numeric_tokens
    }

    /// The rules of the shop.
    pub fn rules(&self) -> &Arc<ShopRules> {
        &self.rules
    }

    /// What seals the personal data of commands.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    pub fn writers(&self) -> &Writers {
        &self.writers
    }

    /// The token that gives a guest access to the order, in lower-case hex.
    pub async fn guest_token(&self, order: &str) -> Result<String, CommandError> {
        let hash = self.sealer.keyed_hash(GUEST_TOKEN, order.as_bytes()).await?;
        Ok(event_log::chain::to_hex(&hash))
    }

    /// Whether `token` gives access to the order. A wrong one takes as long to check as the right one.
    pub async fn guest_may(&self, order: &str, token: &str) -> Result<bool, CommandError> {
        let Some(hash) = event_log::chain::from_hex(token) else { return Ok(false) };
        Ok(self.sealer.verify(GUEST_TOKEN, order.as_bytes(), &hash).await?)
    }

    /// The outcome of a command, and the context that decided it. `None`: unknown, or expired.
    pub async fn command_status(
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

    /// Takes the fingerprint of the request. It is keyed, so that the input cannot be guessed from it, and taken before
    /// sealing, because the ciphertext differs each time.
    async fn fingerprinted(
        &self,
        meta: &CommandMeta,
        operation: &str,
        target: Target,
        input: &(impl Serialize + Sync),
    ) -> Result<Fingerprinted, CommandError> {
        let request = serde_json::to_vec(&(operation, &target.stream, &target.id, meta.expected, input))?;
        let fingerprint = self.sealer.keyed_hash(FINGERPRINT, &request).await?;
        Ok(Fingerprinted { meta: meta.clone(), fingerprint, target })
    }

    /// Looks up the subject's key. If it was erased, a retry still gets its first response.
    async fn sealing(&self, command: &Fingerprinted, subject: &str) -> Result<Sealing, CommandError> {
        match self.sealer.subject(subject).await {
            Ok(seal) => Ok(Sealing::Seal(seal)),
            Err(SealingError::Vault(VaultError::Erased { subject })) => {
                let id = command.meta.command();
                let Some(entry) = self.ledger_entry(command.target.context, id).await? else {
                    return Err(SealingError::Vault(VaultError::Erased { subject }).into());
                };
                if entry.fingerprint != command.fingerprint {
                    return Err(WriteError::KeyReused.into());
                }
                let verdict = serde_json::from_str(&entry.answer)?;
                accepted_from(&command.target, id, verdict, true).map(Sealing::AlreadyAnswered)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Has a command with personal data decided and recorded. `decision` seals the data with the subject's key.
    async fn submit_sealed<D: Decision + 'static>(
        &self,
        command: Fingerprinted,
        subject: &str,
        decision: impl FnOnce(&SubjectSeal) -> Result<D, SealingError>,
    ) -> Result<Accepted, CommandError> {
        match self.sealing(&command, subject).await? {
            Sealing::Seal(seal) => self.submit(command, decision(&seal)?, Vec::new()).await,
            Sealing::AlreadyAnswered(accepted) => Ok(accepted),
        }
    }

    /// Takes the fingerprint of a command without personal data, and has it decided and recorded.
    async fn execute(
        &self,
        meta: &CommandMeta,
        operation: &str,
        target: Target,
        input: &(impl Serialize + Sync),
        decision: impl Decision + 'static,
    ) -> Result<Accepted, CommandError> {
        let command = self.fingerprinted(meta, operation, target, input).await?;
        self.submit(command, decision, Vec::new()).await
    }

    /// Has a command decided and recorded.
    async fn submit(
        &self,
        command: Fingerprinted,
        decision: impl Decision + 'static,
        parking: Vec<Parking>,
    ) -> Result<Accepted, CommandError> {
        let Fingerprinted { meta, fingerprint, target } = command;
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
        accepted_from(&target, command, outcome.verdict, outcome.replayed)
    }
}

/// The response that a verdict makes, or the error.
fn accepted_from(
    target: &Target,
    command_id: CommandId,
    verdict: Verdict,
    replayed: bool,
) -> Result<Accepted, CommandError> {
    match verdict {
        Verdict::Done { versions, answer, .. } => {
            let version = versions.iter().find(|(stream, _)| *stream == target.stream).map_or(0, |(_, v)| *v);
            let answer = match answer {
                Some(Value::Object(fields)) => words::answer(fields),
                _ => Map::new(),
            };
            Ok(Accepted {
                command_id,
                id: target.id.clone(),
                global_id: global_id::encode(target.type_name, &target.id),
                version,
                token: token(&versions),
                answer,
                replayed,
            })
        }
        Verdict::Refused { refusal } => {
            Err(CommandError::Refused { refusal: words::refusal(refusal), replayed })
        }
        Verdict::Conflict { stream, version } => Err(CommandError::Conflict { stream, version, replayed }),
    }
}

/// The consistency token: `stream@version`, separated by commas. Streams without events are left out.
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
