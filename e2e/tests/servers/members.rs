//! Projector processes that share the partitions. One is frozen past its session and continued: no document and no position
//! goes back, on any engine, and a rebuild from the logs or from Kafka gives the same documents everywhere.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use chorale::shop::Shop;
use futures_util::future::try_join_all;
use projectors::{REGISTRY, rebuild};
use tokio::task::JoinSet;

use crate::WHOLE_MACHINE;
use crate::chaos::{ask_until_answered, client};
use crate::deployment::{Addresses, Deployment, database_on};
use crate::servers::Servers;
use e2e::program::SOON;
use watch::Watch;

mod watch;

/// Orders of each part. Their streams are in all partitions.
const ORDERS: usize = 12;
/// A frozen member loses its partitions after this.
const SESSION: &str = "&session.timeout=3s";

/// Where documents are, and how many processes write them.
struct Engine {
    name: &'static str,
    documents: Option<String>,
    hot_views: Option<String>,
    members: usize,
}

fn engines(servers: &Servers) -> Result<[Engine; 3]> {
    let mongodb = |name| anyhow::Ok(Some(database_on(&servers.mongodb, name)?));
    let hot_views = Some(format!("{}/0", servers.redis));
    Ok([
        // One file, which several processes of one machine may write.
        Engine { name: "SQLite", documents: None, hot_views: None, members: 2 },
        Engine { name: "MongoDB", documents: mongodb("alone")?, hot_views: None, members: 2 },
        Engine { name: "MongoDB and Redis", documents: mongodb("hot")?, hot_views, members: 4 },
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_frozen_past_its_session_moves_nothing_back_and_every_engine_equals_the_logs()
-> Result<()> {
    let _turn = WHOLE_MACHINE.lock().await;
    let wanted = ["postgres", "kafka", "mongodb", "redis"];
    let servers = tokio::task::block_in_place(|| Servers::up("members", &wanted))?;
    let engines = engines(&servers)?;
    let addresses = Addresses { kafka_parameters: SESSION.to_owned(), ..Addresses::of(&servers) };
    let mut deployment = Deployment::on(servers, addresses).await?;
    for role in ["command-api", "relay", "reactors"] {
        tokio::task::block_in_place(|| deployment.start(role, 0))?;
    }
    for engine in &engines {
        choose(&mut deployment, engine)?;
        frozen_and_continued(&mut deployment, engine).await.context(engine.name)?;
    }
    let mut first: Option<(&str, Digests)> = None;
    for engine in &engines {
        choose(&mut deployment, engine)?;
        let digests = rebuilt(&mut deployment).await.context(engine.name)?;
        match &first {
            None => first = Some((engine.name, digests)),
            Some((name, expected)) => {
                ensure!(digests == *expected, "{digests:#?} on {}, {expected:#?} on {name}", engine.name);
            }
        }
    }
    tokio::task::block_in_place(|| deployment.close())?;
    deployment.is_sound().await
}

/// The deployment has its documents there from now on.
fn choose(deployment: &mut Deployment, engine: &Engine) -> Result<()> {
    deployment.addresses.documents.clone_from(&engine.documents);
    deployment.addresses.hot_views.clone_from(&engine.hot_views);
    tokio::task::block_in_place(|| deployment.printed(&["migrate"])).map(drop)
}

async fn frozen_and_continued(deployment: &mut Deployment, engine: &Engine) -> Result<()> {
    // A part of keys, which have no spaces.
    let round = engine.name.replace(' ', "-");
    for number in 0..engine.members {
        tokio::task::block_in_place(|| deployment.start("projectors", number))?;
    }
    let shop = deployment.connect().await?;
    settled(&shop).await?;
    let watch = Watch::begin(shop.store.clone());

    // Frozen while it has something in hand.
    let mut orders = order(deployment, &format!("{round}-frozen"))?;
    orders.join_next().await.context("an order")???;
    freeze(deployment, engine).await?;
    while let Some(ordered) = orders.join_next().await {
        ordered??;
    }
    // The others have its partitions, and everything that it had in hand.
    settled(&shop).await?;
    all(order(deployment, &format!("{round}-without"))?).await?;
    settled(&shop).await?;

    // It goes on with what it had in hand, and finds out later that it has no partitions.
    deployment.process("projectors", 0)?.signal("-CONT")?;
    all(order(deployment, &format!("{round}-continued"))?).await?;
    settled(&shop).await?;
    // Only this member is left, so it works again.
    for number in 1..engine.members {
        tokio::task::block_in_place(|| deployment.stop("projectors", number))?;
    }
    all(order(deployment, &format!("{round}-alone"))?).await?;
    settled(&shop).await?;
    let looks = watch.end().await?;
    println!("{round}: {} processes, looked {looks} times, nothing went back", engine.members);
    tokio::task::block_in_place(|| deployment.stop("projectors", 0))?;
    shop.close().await
}

/// Freezes a member. On SQLite not in the middle of a write: the file is locked then, and the others wait until it goes on.
async fn freeze(deployment: &Deployment, engine: &Engine) -> Result<()> {
    let member = deployment.process("projectors", 0)?;
    let began = std::time::Instant::now();
    loop {
        member.signal("-STOP")?;
        if engine.documents.is_some() || !is_locked(&deployment.folder().join("documents.sqlite")).await? {
            return Ok(());
        }
        member.signal("-CONT")?;
        ensure!(began.elapsed() < SOON, "the file is always locked");
        tokio::task::yield_now().await;
    }
}

async fn is_locked(file: &Path) -> Result<bool> {
    use sqlx::Connection as _;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let options = options.busy_timeout(std::time::Duration::ZERO);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await?;
    let locked = match sqlx::raw_sql("BEGIN IMMEDIATE; ROLLBACK").execute(&mut connection).await {
        Ok(_) => false,
        Err(sqlx::Error::Database(error)) if error.message().contains("locked") => true,
        Err(error) => bail!(error),
    };
    connection.close().await?;
    Ok(locked)
}

/// Places orders, all at once.
fn order(deployment: &Deployment, key: &str) -> Result<JoinSet<Result<()>>> {
    let (client, url) = (client()?, deployment.commands()?);
    let mut orders = JoinSet::new();
    for number in 0..ORDERS {
        let (client, url, key) = (client.clone(), url.clone(), format!("{key}-{number}"));
        orders.spawn(async move { ask_until_answered(&client, &url, &key).await.map(drop) });
    }
    Ok(orders)
}

async fn all(mut orders: JoinSet<Result<()>>) -> Result<()> {
    while let Some(ordered) = orders.join_next().await {
        ordered??;
    }
    Ok(())
}

async fn settled(shop: &Shop) -> Result<()> {
    shop.settled(SOON).await
}

/// Digest and number of documents by projection.
type Digests = BTreeMap<&'static str, (String, u64)>;

/// The documents are brought up to date, and rebuilt from the logs and from Kafka: both equal the documents that the members
/// have written.
async fn rebuilt(deployment: &mut Deployment) -> Result<Digests> {
    tokio::task::block_in_place(|| deployment.start("projectors", 0))?;
    let from_kafka = deployment.connect().await?;
    settled(&from_kafka).await?;
    tokio::task::block_in_place(|| deployment.stop("projectors", 0))?;
    let from_logs = deployment.connect_to(None).await?;
    let one = digests(&from_logs).await.context("from the logs")?;
    let other = digests(&from_kafka).await.context("from Kafka")?;
    ensure!(one == other, "{one:#?} from the logs, {other:#?} from Kafka");
    from_logs.close().await?;
    from_kafka.close().await?;
    Ok(one)
}

async fn digests(shop: &Shop) -> Result<Digests> {
    let backends = shop.backends();
    let all = REGISTRY.into_iter().map(|projection| {
        let backends = &backends;
        async move {
            // It fails if a document differs from the live one.
            let rebuilt = rebuild(projection, backends, |_| {}).await?;
            ensure!(rebuilt.uncompared == 0, "{}: {rebuilt:?}", projection.name());
            anyhow::Ok((projection.name(), (rebuilt.digest, rebuilt.compared)))
        }
    });
    let digests: Digests = try_join_all(all).await?.into_iter().collect();
    let documents: u64 = digests.values().map(|(_, documents)| documents).sum();
    ensure!(digests["orders"].1 > 0, "no orders: {digests:#?}");
    println!("{documents} documents of {} projections are equal to a rebuild", digests.len());
    Ok(digests)
}
