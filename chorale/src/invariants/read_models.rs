//! Invariants of read models: a rebuilt projection equals the live one.

use anyhow::Result;
use projectors::rebuild::{Phase, Progress};
use projectors::{Projection, REGISTRY, RebuildError, rebuild};

use super::{Findings, Invariant};
use crate::shop::Shop;

/// Progress of rebuilding all projections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilding {
    /// Projection that is currently rebuilt.
    pub projection: &'static str,
    /// Records read so far, over all projections.
    pub done: u64,
    /// Records to read, over all projections.
    pub total: u64,
}

/// Every projection that is rebuilt from the logs has the documents of the live one.
pub(super) async fn equal_the_log(
    shop: &Shop,
    mut report: impl FnMut(Rebuilding) + Send,
) -> Result<Invariant> {
    let (mut wrong, mut documents) = (Findings::default(), 0);
    let (mut done, mut total) = (0, 0);
    for projection in REGISTRY {
        total += records(shop, projection).await?;
    }
    for projection in REGISTRY {
        let name = projection.name();
        let on_progress = |progress: Progress| {
            if progress.phase == Phase::Building {
                report(Rebuilding { projection: name, done: done + progress.done, total });
            }
        };
        let rebuilt = rebuild(projection, &shop.backends(), on_progress).await;
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
    Ok(wrong.result(
        "every read model = fold of the log",
        format!("{documents} documents of {} projections, rebuilt and compared", REGISTRY.len()),
    ))
}

async fn records(shop: &Shop, projection: &Projection) -> Result<u64> {
    let topics = shop.bus.topics(projection.topics()).await?;
    Ok(topics.iter().map(|topic| topic.records).sum())
}
