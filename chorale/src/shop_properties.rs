//! The properties of a shop that its logs hold: its kind of time and its rules. All processes of the shop
//! agree on them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use domain::ShopRules;
use event_log::port::Log;

/// The kind of time that a shop runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
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
                bail!(
                    "this shop runs on a kind of time that this program does not know ({other}): use a newer chorale"
                )
            }
        }
    }
}

/// What a process requires of a shop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// This kind of time. A shop that is not initialised yet is initialised with it.
    Kind(Kind),
    /// An initialised shop of any kind. Waits until another process initialises it.
    Begun,
    /// Nothing: the shop need not be initialised.
    Any,
}

/// How often to check whether the shop is initialised.
const POLL: Duration = Duration::from_millis(200);

/// The kind and rules of the shop with these logs. Fails if its kind is not the required one. Its rules are
/// those that it was initialised with.
pub async fn agree(logs: &[Arc<dyn Log>], want: Want, rules: Option<ShopRules>) -> Result<(Kind, ShopRules)> {
    let (mut kind, mut agreed) = (Kind::Real, rules.clone());
    for log in logs {
        if let Want::Kind(wanted) = want {
            log.set_property(TIME, wanted.name()).await?;
        }
        if let Some(rules) = &rules {
            log.set_property(RULES, &serde_json::to_string(rules)?).await?;
        }
        let properties = match want {
            Want::Begun => initialised(log.as_ref()).await?,
            Want::Kind(_) | Want::Any => log.properties().await?,
        };
        if let Some(found) = properties.get(TIME) {
            kind = Kind::of(found)?;
        }
        if let Want::Kind(wanted) = want
            && wanted != kind
        {
            bail!(
                "this shop runs on {}, and this command needs one on {}: choose another shop (--data-dir, --event-log), \
                 or read this one with `chorale query-api`",
                kind.words(),
                wanted.words()
            );
        }
        if let Some(found) = properties.get(RULES) {
            agreed = Some(serde_json::from_str(found)?);
        }
    }
    Ok((kind, agreed.unwrap_or_default()))
}

/// A log's properties, once a command API or an import has initialised the shop.
async fn initialised(log: &dyn Log) -> Result<BTreeMap<String, String>> {
    let mut logged = false;
    loop {
        let properties = log.properties().await?;
        if properties.contains_key(TIME) {
            return Ok(properties);
        }
        if !logged {
            tracing::info!(context = %log.context(), "waiting for a command API or an import to initialise this shop");
            logged = true;
        }
        tokio::time::sleep(POLL).await;
    }
}

#[cfg(test)]
mod tests {
    use schemas::Context;

    use super::*;

    #[tokio::test]
    async fn a_shop_keeps_the_properties_that_it_was_initialised_with() {
        let folder = tempfile::tempdir().unwrap();
        let address = format!("sqlite://{}", folder.path().join("log").display());
        let logs = [event_log::connect(&address, Context::Ordering).await.unwrap()];
        // A process without requirements initialises nothing.
        assert_eq!(agree(&logs, Want::Any, None).await.unwrap().0, Kind::Real);
        let waits = agree(&logs, Want::Begun, None);
        assert!(tokio::time::timeout(POLL * 2, waits).await.is_err(), "the shop is not initialised");
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
