//! Documents against logs.

use anyhow::Result;
use projectors::rebuild::Progress;
use projectors::{Projection, REGISTRY, RebuildError, rebuild};

use super::{Findings, Statement};
use crate::shop::Shop;

/// How far the building anew of all projections is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilding {
    /// The projection that is being built.
    pub projection: &'static str,
    /// Records fed so far, to all of them.
    pub done: u64,
    /// Records there are to be fed.
    pub total: u64,
}

/// Every projection that is built anew from the logs has the documents that the live one has.
pub async fn equal_the_log(shop: &Shop, mut told: impl FnMut(Rebuilding) + Send) -> Result<Statement> {
    let (mut wrong, mut documents) = (Findings::default(), 0);
    let (mut done, mut total) = (0, 0);
    for projection in REGISTRY {
        total += records(shop, projection).await?;
    }
    for projection in REGISTRY {
        let name = projection.name();
        let tell = |progress: Progress| {
            told(Rebuilding { projection: name, done: done + progress.done, total });
        };
        let rebuilt = rebuild(projection, &shop.backends(), tell).await;
        done += records(shop, projection).await?;
        match rebuilt {
            Ok(rebuilt) => {
                documents += rebuilt.compared;
                if rebuilt.uncompared > 0 {
                    wrong.add(|| {
                        format!("{} documents of {} could not be compared", rebuilt.uncompared, name)
                    });
                }
            }
            Err(RebuildError::Different { count, ids, .. }) => {
                let first = ids.first().map_or("", String::as_str);
                wrong.add(|| {
                    format!("{count} documents of {} differ; the first is {first}", projection.name())
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(wrong.state(
        "every read model = fold of the log",
        format!("{documents} documents of {} projections, rebuilt and compared", REGISTRY.len()),
    ))
}

async fn records(shop: &Shop, projection: &Projection) -> Result<u64> {
    let topics = shop.bus.topics(projection.topics()).await?;
    Ok(topics.iter().map(|topic| topic.records).sum())
}
