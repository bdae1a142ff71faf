use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::{Bench, Checked, ensure, same};

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(20);

pub(super) async fn leases(bench: &Bench<'_>) -> Checked {
    let (here, there) = (bench.open().await?, bench.open().await?);
    same(&here.lease("relay", "a", LONG).await?, &true, "whether a free lease is given")?;
    same(&here.lease("relay", "a", LONG).await?, &true, "whether a lease is renewed")?;
    same(&there.lease("relay", "b", LONG).await?, &false, "whether a lease is given twice")?;
    same(&there.lease("other", "b", LONG).await?, &true, "whether another lease is free")?;
    there.release("relay", "b").await?;
    same(&there.lease("relay", "b", LONG).await?, &false, "whether a lease is free that a stranger gave up")?;
    here.release("relay", "a").await?;
    same(&there.lease("relay", "b", SHORT).await?, &true, "whether a lease is free that was given up")?;

    let until = Instant::now() + bench.logs.soon();
    while !here.lease("relay", "a", LONG).await? {
        ensure(Instant::now() < until, "a lease does not run out")?;
        tokio::time::sleep(SHORT / 4).await;
    }
    same(
        &there.lease("relay", "b", SHORT).await?,
        &false,
        "whether one may renew what ran out and was taken",
    )?;

    let rivals: Vec<String> = (0..8).map(|number| number.to_string()).collect();
    let asked = rivals.iter().enumerate().map(|(number, rival)| {
        let log = if number % 2 == 0 { &here } else { &there };
        log.lease("contested", rival, LONG)
    });
    let given = try_join_all(asked).await?.into_iter().filter(|given| *given).count();
    same(&given, &1, "the number of those who were given one lease at once")
}

pub(super) async fn about(bench: &Bench<'_>) -> Checked {
    let log = bench.open().await?;
    same(&log.about().await?, &BTreeMap::new(), "what is known about a new log")?;
    same(&log.set_about("time", "REAL").await?, &true, "whether a new value stands")?;
    same(&log.set_about("time", "REAL").await?, &true, "whether the same value stands")?;
    let other = bench.open().await?;
    same(&other.set_about("time", "IMPORTED").await?, &false, "whether another value stands")?;
    same(&other.set_about("Größe", "").await?, &true, "whether an empty value stands")?;
    let wanted = [("time", "REAL"), ("Größe", "")];
    let wanted = wanted.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    same(&log.about().await?, &wanted, "what is known about the log")
}
