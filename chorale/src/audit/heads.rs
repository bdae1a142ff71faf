//! Signed heads: what others have kept of where the logs once ended.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use event_log::port::Log;
use event_log::verify::{Finding, still_is};
use platform::config::Secret;
use platform::signing::{Signer, Verifier};
use schemas::Context;
use schemas::audit::LogHeadSigned;
use schemas::topics::AUDIT_TOPIC;

use super::Look;

/// The public key alone, for who is to check and not to sign.
const PUBLIC_KEY: &str = "CHORALE_AUDIT_PUBLIC_KEY";

/// The heads that stand on the bus.
pub struct Heads {
    by_context: BTreeMap<Context, Vec<LogHeadSigned>>,
    verifier: Option<Verifier>,
}

/// What the heads of a log come to.
pub enum Vouched {
    /// There are none.
    Nothing,
    /// So many agree with the log; the last is of this position. `false`: nobody looked at the signatures, for want of a key.
    Agree(usize, u64, bool),
    /// The log is not what was vouched for.
    Wrong(String),
}

impl Heads {
    /// Reads them; there are none where the topics are the logs themselves.
    pub async fn read(look: &Look) -> Result<Self> {
        let mut by_context: BTreeMap<Context, Vec<LogHeadSigned>> = BTreeMap::new();
        if let Some(kafka) = &look.kafka {
            for value in kafka.values(AUDIT_TOPIC).await? {
                let signed = LogHeadSigned::decode(&value).context("a signed head cannot be read")?;
                by_context.entry(signed.head.context).or_default().push(signed);
            }
        }
        Ok(Self { by_context, verifier: verifier(look.place.audit_key())? })
    }

    /// Compares a log with its heads.
    pub async fn compare(&self, log: &dyn Log) -> Result<Vouched> {
        let heads = self.by_context.get(&log.context()).map_or(&[][..], Vec::as_slice);
        for signed in heads {
            let (position, time) = (signed.head.position, signed.head.time);
            if let Some(verifier) = &self.verifier
                && verifier.verify(&signed.head.text(), &signed.signature).is_err()
            {
                let key = &signed.key_id;
                return Ok(Vouched::Wrong(format!(
                    "the head of position {position}, {time}, is not signed with the key that is known (but says {key})"
                )));
            }
            match still_is(log, &signed.head).await {
                Ok(()) => {}
                Err(finding @ Finding::Wrong { .. }) => {
                    return Ok(Vouched::Wrong(format!("{finding} (vouched for at {time})")));
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
