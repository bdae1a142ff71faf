//! Signed heads: published positions and hashes at which the logs once ended.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use event_log::port::Log;
use event_log::verify::{Finding, still_is};
use platform::config::Secret;
use platform::signing::{Signer, Verifier};
use schemas::Context;
use schemas::audit::LogHeadSigned;
use schemas::topics::AUDIT_TOPIC;

use super::ReadOnlyShop;

/// Variable with the public key, for auditors who verify but do not sign.
const PUBLIC_KEY: &str = "CHORALE_AUDIT_PUBLIC_KEY";

/// The signed heads published on the bus.
pub(super) struct Heads {
    by_context: BTreeMap<Context, Vec<LogHeadSigned>>,
    verifier: Option<Verifier>,
}

/// Result of comparing a log with its signed heads.
pub(super) enum Vouched {
    /// There are no signed heads.
    Nothing,
    /// Number of heads that agree with the log, position of the last one, and whether the signatures were verified.
    Agree(usize, u64, bool),
    /// The log differs from a signed head.
    Wrong(String),
}

impl Heads {
    /// Reads the signed heads. Without Kafka there are none.
    pub(super) async fn read(shop: &ReadOnlyShop) -> Result<Self> {
        let mut by_context: BTreeMap<Context, Vec<LogHeadSigned>> = BTreeMap::new();
        if let Some(relayed) = &shop.relayed {
            for value in relayed.values(AUDIT_TOPIC).await? {
                let signed = LogHeadSigned::decode(&value).context("a signed head cannot be read")?;
                by_context.entry(signed.head.context).or_default().push(signed);
            }
        }
        Ok(Self { by_context, verifier: verifier(shop.locations.audit_key())? })
    }

    /// Compares a log with its heads.
    pub(super) async fn compare(&self, log: &dyn Log) -> Result<Vouched> {
        let heads = self.by_context.get(&log.context()).map_or(&[][..], Vec::as_slice);
        for signed in heads {
            let (position, time) = (signed.head.position, signed.head.time);
            if let Some(verifier) = &self.verifier
                && verifier.verify(&signed.head.text(), &signed.signature).is_err()
            {
                let key = &signed.key_id;
                return Ok(Vouched::Wrong(format!(
                    "the head at position {position}, {time}, is not signed with the known key (it names key {key})"
                )));
            }
            match still_is(log, &signed.head).await {
                Ok(()) => {}
                Err(finding @ Finding::Wrong { .. }) => {
                    return Ok(Vouched::Wrong(format!("{finding} (signed at {time})")));
                }
                Err(Finding::Log(error)) => return Err(error.into()),
            }
        }
        let last = heads.iter().map(|signed| signed.head.position).max();
        Ok(last.map_or(Vouched::Nothing, |last| Vouched::Agree(heads.len(), last, self.verifier.is_some())))
    }
}

fn verifier(key: Option<&Secret>) -> Result<Option<Verifier>> {
    let public = std::env::var(PUBLIC_KEY).ok().filter(|text| !text.is_empty());
    let public = match (public, key) {
        (Some(public), _) => public,
        (None, Some(key)) => Signer::from_env_text(key).context("CHORALE_AUDIT_KEY")?.public_key(),
        (None, None) => return Ok(None),
    };
    Ok(Some(Verifier::from_text(&public).context(PUBLIC_KEY)?))
}
