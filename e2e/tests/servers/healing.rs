//! Documents on a server that loses writes it has acknowledged: the one that is compatible with MongoDB writes its file a
//! second late. A real MongoDB does not lose them, and the test holds for it as well.

use anyhow::{Context as _, Result, ensure};

use crate::WHOLE_MACHINE;
use crate::chaos::{ask_until_answered, client};
use crate::deployment::Deployment;

/// How often the server is killed.
const KILLS: usize = 20;
/// Orders before each kill, and while the server is down. Few, because the compatible server searches whole collections.
const ORDERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn projectors_bring_documents_up_to_date_after_their_server_has_lost_its_last_writes() -> Result<()> {
    let _turn = WHOLE_MACHINE.lock().await;
    let mut deployment = Deployment::with_mongodb("healing").await?;
    deployment.open()?;
    for kill in 0..KILLS {
        order(deployment.commands()?, format!("{kill}-up")).await?;
        let meanwhile = tokio::spawn(order(deployment.commands()?, format!("{kill}-down")));
        tokio::task::block_in_place(|| deployment.servers.crash("mongodb"))?;
        meanwhile.await?.with_context(|| format!("after kill {kill}"))?;
    }
    deployment.settled().await?;
    let projections = deployment.objects(&["projections"])?;
    for projection in &projections {
        let name = projection["name"].as_str().context("a projection without a name")?;
        // It compares all documents, and refuses to switch if one differs.
        let rebuilt = deployment.printed(&["projections", "rebuild", name]);
        rebuilt.with_context(|| format!("{name} differs from a fresh build"))?;
    }
    ensure!(projections.len() > 10, "{} projections", projections.len());
    println!("{KILLS} kills, {} projections equal a fresh build", projections.len());
    tokio::task::block_in_place(|| deployment.close())?;
    deployment.is_sound().await
}

/// Places orders one after the other.
async fn order(url: String, key: String) -> Result<()> {
    let client = client()?;
    for number in 0..ORDERS {
        ask_until_answered(&client, &url, &format!("{key}-{number}")).await?;
    }
    Ok(())
}
