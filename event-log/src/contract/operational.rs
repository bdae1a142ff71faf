use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::{Checked, LogUnderTest, ensure, same};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(20);

pub(super) async fn a_lease_has_one_holder(logs: &dyn LogUnderTest) -> Checked {
    let (here, there) = (logs.open().await?, logs.open().await?);
    same(&here.lease("relay", "a", LONG).await?, &true, "whether a free lease is acquired")?;
    same(&here.lease("relay", "a", LONG).await?, &true, "whether a lease is renewed")?;
    same(&there.lease("relay", "b", LONG).await?, &false, "whether a lease is acquired twice")?;
    same(&there.lease("other", "b", LONG).await?, &true, "whether another lease is free")?;
    there.release("relay", "b").await?;
    same(
        &there.lease("relay", "b", LONG).await?,
        &false,
        "whether a lease is free after a release by another holder",
    )?;
    here.release("relay", "a").await?;
    same(&there.lease("relay", "b", SHORT).await?, &true, "whether a released lease is free")?;

    let until = Instant::now() + logs.soon();
    while !here.lease("relay", "a", LONG).await? {
        ensure(Instant::now() < until, "a lease does not expire")?;
        tokio::time::sleep(SHORT / 4).await;
    }
    same(
        &there.lease("relay", "b", SHORT).await?,
        &false,
        "whether an expired lease of another holder is renewed",
    )?;

    let rivals: Vec<String> = (0..8).map(|number| number.to_string()).collect();
    let asked = rivals.iter().enumerate().map(|(number, rival)| {
        let log = if number % 2 == 0 { &here } else { &there };
        log.lease("contested", rival, LONG)
    });
    let acquired = try_join_all(asked).await?.into_iter().filter(|acquired| *acquired).count();
    same(&acquired, &1, "the number of rivals that acquire one lease")
}

pub(super) async fn a_property_is_written_once(logs: &dyn LogUnderTest) -> Checked {
    let log = logs.open().await?;
    same(&log.properties().await?, &BTreeMap::new(), "the properties of a new log")?;
    same(&log.set_property("time", "REAL").await?, &true, "whether a new property has its value")?;
    same(&log.set_property("time", "REAL").await?, &true, "whether a property set again has its value")?;
    let other = logs.open().await?;
    same(&other.set_property("time", "IMPORTED").await?, &false, "whether another value replaces the first")?;
    same(&other.set_property("Größe", "").await?, &true, "whether an empty value is kept")?;
    let wanted = [("time", "REAL"), ("Größe", "")];
    let wanted = wanted.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    same(&log.properties().await?, &wanted, "the properties")
}
