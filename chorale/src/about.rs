//! What a shop is, as its logs say: which time it lives in, and by which rules. So that every process of it agrees.

use std::sync::Arc;

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
            other => bail!("this shop lives in a time that this chorale does not know ({other}): use a newer one"),
        }
    }
}

/// What the shop of these logs is. Where they do not say yet, it becomes what is wanted: of this kind, by these rules. A shop
/// of another kind is refused; its rules are those that it was begun with.
pub async fn agree(
    logs: &[Arc<dyn Log>],
    wanted: Option<Kind>,
    rules: Option<ShopRules>,
) -> Result<(Kind, ShopRules)> {
    let (mut kind, mut agreed) = (wanted.unwrap_or(Kind::Real), rules.clone());
    for log in logs {
        if let Some(wanted) = wanted {
            log.set_about(TIME, wanted.name()).await?;
        }
        if let Some(rules) = &rules {
            log.set_about(RULES, &serde_json::to_string(rules)?).await?;
        }
        let about = log.about().await?;
        if let Some(found) = about.get(TIME) {
            kind = Kind::of(found)?;
        }
        if wanted.is_some_and(|wanted| wanted != kind) {
            bail!(
                "this shop lives in {}, and what you want to do needs one in {}: choose another one (--data-dir, --event-log), \
                 or only look at this one with `chorale query-api`",
                kind.words(),
                wanted.unwrap_or(kind).words()
            );
        }
        if let Some(found) = about.get(RULES) {
            agreed = Some(serde_json::from_str(found)?);
        }
    }
    Ok((kind, agreed.unwrap_or_default()))
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
        assert_eq!(agree(&logs, None, None).await.unwrap().0, Kind::Real);
        let rules = ShopRules { max_per_order: 7, ..ShopRules::default() };
        agree(&logs, Some(Kind::Imported), Some(rules.clone())).await.unwrap();
        let (kind, found) = agree(&logs, None, None).await.unwrap();
        assert_eq!((kind, found.max_per_order), (Kind::Imported, 7));
        let others = ShopRules { max_per_order: 8, ..rules };
        assert_eq!(agree(&logs, Some(Kind::Imported), Some(others)).await.unwrap().1.max_per_order, 7);
        let refused = agree(&logs, Some(Kind::Real), None).await.unwrap_err().to_string();
        assert!(refused.contains("imported time"), "{refused}");
    }
}
