//! Documents against logs.

use anyhow::Result;
use projectors::{REGISTRY, RebuildError, rebuild};

use super::{Findings, Statement};
use crate::shop::Shop;

/// Every projection that is built anew from the logs has the documents that the live one has.
pub async fn equal_the_log(shop: &Shop) -> Result<Statement> {
    let (mut wrong, mut documents) = (Findings::default(), 0);
    for projection in REGISTRY {
        match rebuild(projection, &shop.backends(), |_| {}).await {
            Ok(rebuilt) => {
                documents += rebuilt.compared;
                if rebuilt.uncompared > 0 {
                    wrong.add(|| {
                        format!(
                            "{} documents of {} could not be compared",
                            rebuilt.uncompared,
                            projection.name()
                        )
                    });
                }
            }
            Err(RebuildError::Different { count, ids, .. }) => {
                let first = ids.first().map_or("", String::as_str);
                wrong.add(|| {
                    format!("{count} documents of {} differ, the first is {first}", projection.name())
                });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(wrong.state(
        "every read model = fold of the log",
        format!("{documents} documents of {} projections, built anew and compared", REGISTRY.len()),
    ))
}
