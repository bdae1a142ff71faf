//! What a shop is, as its logs say: which time it lives in, and by which rules. So that every process of it agrees.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use domain::ShopRules;
use event_log::port::Log;

/// Which time a shop lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The time of the clock on the wall.
    Real,
    /// The time of imported data.
    Imported,
}

const TIME: &str = "time";
const RULES: &str = "rules";

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Real => "REAL",
            Self::Imported => "IMPORTED",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Real => "real time",
            Self::Imported => "imported time",
        }
    }

    fn of(name: &str) -> Result<Self> {
        match name {
            "REAL" => Ok(Self::Real),
            "IMPORTED" => Ok(Self::Imported),
            other => {
                bail!("this shop lives in a time that this chorale does not know ({other}): use a newer one")
            }
        }
    }
}

/// What somebody needs a shop to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Of this kind; one that was not begun yet becomes so.
    Kind(Kind),
    /// Begun by somebody, as whatever: it is waited for.
    Begun,
    /// Anything.
    Any,
}

/// How often it is looked whether somebody has begun a shop.
const LOOK: Duration = Duration::from_millis(200);

/// What the shop of these logs is. One of another kind than is wanted is refused; its rules are those that it was begun with.
pub async fn agree(logs: &[Arc<dyn Log>], want: Want, rules: Option<ShopRules>) -> Result<(Kind, ShopRules)> {
    let (mut kind, mut agreed) = (Kind::Real, rules.clone());
    for log in logs {
        if let Want::Kind(wanted) = want {
            log.set_property(TIME, wanted.name()).await?;
        }
        if let Some(rules) = &rules {
            log.set_property(RULES, &serde_json::to_string(rules)?).await?;
        }
        let about = match want {
            Want::Begun => begun(log.as_ref()).await?,
            Want::Kind(_) | Want::Any => log.properties().await?,
        };
        if let Some(found) = about.get(TIME) {
            kind = Kind::of(found)?;
        }
        if let Want::Kind(wanted) = want
            && wanted != kind
        {
            bail!(
                "this shop lives in {}, and what you want to do needs one in {}: choose another one (--data-dir, --event-log), \
                 or only look at this one with `chorale query-api`",
                kind.words(),
                wanted.words()
            );
        }
        if let Some(found) = about.get(RULES) {
            agreed = Some(serde_json::from_str(found)?);
        }
    }
    Ok((kind, agreed.unwrap_or_default()))
}

/// What a log says of its shop, once that was begun: by the first start of whoever takes commands, or by an import.
async fn begun(log: &dyn Log) -> Result<BTreeMap<String, String>> {
    let mut told = false;
    loop {
        let about = log.properties().await?;
        if about.contains_key(TIME) {
            return Ok(about);
        }
        if !told {
            tracing::info!(context = %log.context(), "waiting for the first command-api, or an import, to begin this shop");
            told = true;
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use schemas::Context;

    use super::*;

    #[tokio::test]
    async fn a_shop_stays_what_it_was_begun_as() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}", folder.path().join("log").display());
        let logs = [event_log::connect(&address, Context::Ordering).await.unwrap()];
        // Who only looks decides nothing.
        assert_eq!(agree(&logs, Want::Any, None).await.unwrap().0, Kind::Real);
        let waits = agree(&logs, Want::Begun, None);
        assert!(tokio::time::timeout(LOOK * 2, waits).await.is_err(), "nobody has begun it");
        let rules = ShopRules { max_per_order: 7, ..ShopRules::default() };
        agree(&logs, Want::Kind(Kind::Imported), Some(rules.clone())).await.unwrap();
        let (kind, found) = agree(&logs, Want::Begun, None).await.unwrap();
        assert_eq!((kind, found.max_per_order), (Kind::Imported, 7));
        let others = ShopRules { max_per_order: 8, ..rules };
        assert_eq!(agree(&logs, Want::Kind(Kind::Imported), Some(others)).await.unwrap().1.max_per_order, 7);
        let refused = agree(&logs, Want::Kind(Kind::Real), None).await.unwrap_err().to_string();
        assert!(refused.contains("imported time"), "{refused}");
    }
}
