//! Checks that all acknowledged events exist, in order and without gaps.

use std::sync::Arc;

use event_log::port::Log;
use event_log::verify::verify;

use crate::Outcome;
use crate::place::Database;

/// Checks the log of ordering: the number of events, no gaps in streams and positions, and a valid hash chain.
pub async fn log(database: &Database, log: &Arc<dyn Log>, acknowledged: u64) -> Outcome<()> {
    let gaps = "SELECT count(*) FROM (SELECT FROM ordering.events GROUP BY stream
                HAVING count(*) <> max(version) OR min(version) <> 1) s";
    contiguous(database, "SELECT count(*) FROM ordering.events", gaps, acknowledged).await?;
    let last = database.number("SELECT max(position) FROM ordering.events").await?;
    let verified = verify(&**log, None, |_| {}).await?.events;
    if u64::try_from(last)? != acknowledged || verified != acknowledged {
        return Err(format!("{acknowledged} events, the last at {last}, {verified} verified").into());
    }
    Ok(())
}

/// `count` returns the number of events, `gaps` the number of streams with gaps.
pub async fn contiguous(
    database: &Database,
    count: &'static str,
    gaps: &'static str,
    acknowledged: u64,
) -> Outcome<()> {
    let (count, gaps) = (database.number(count).await?, database.number(gaps).await?);
    if u64::try_from(count)? != acknowledged || gaps != 0 {
        return Err(format!(
            "{acknowledged} events were acknowledged, {count} exist, and {gaps} streams have gaps"
        )
        .into());
    }
    Ok(())
}
