//! Documents that were altered by hand, in the file of a real shop.

use anyhow::{Context as _, Result};
use e2e::program::{Program, objects, printed, run};
use serde_json::Value;
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

#[tokio::test(flavor = "multi_thread")]
async fn a_document_altered_by_hand_is_found_with_exit_code_1_and_put_right() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // It seeds the built-in catalogue.
    let shop = Program::start(folder.path(), &[])?;
    printed(folder.path(), &["projections", "wait", "products"])?;
    let file = folder.path().join("documents.sqlite");
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await?;
    let all = objects(folder.path(), &["projections"])?;
    let live = all.into_iter().find(|one| one["name"] == "products").context("products")?;
    assert_eq!(live["lagEvents"], 0, "{live}");
    let table = format!("products_v{}_g{}", live["shape"], live["generation"]);
    let altering = format!(
        "UPDATE {table} SET body = json_set(body, '$.title', 'Altered') \
         WHERE row IN (SELECT row FROM {table} ORDER BY row LIMIT 2) RETURNING id"
    );
    let altered: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(altering)).fetch_all(&mut connection).await?;
    connection.close().await?;

    // While the shop runs.
    let verify = ["projections", "verify", "products"];
    let found = run(folder.path(), &[&verify[..], &["--json"]].concat())?;
    assert_eq!(found.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&found.stdout)?;
    assert_eq!((&found["altered"], &found["repaired"]), (&2.into(), &0.into()), "{found}");
    let ids = found["documents"].as_array().context("documents")?.iter().map(|one| one["id"].as_str());
    let (mut ids, mut altered): (Vec<_>, Vec<_>) =
        (ids.collect(), altered.iter().map(|id| Some(id.as_str())).collect());
    ids.sort_unstable();
    altered.sort_unstable();
    assert_eq!(ids, altered);

    let repaired = printed(folder.path(), &[&verify[..], &["--repair"]].concat())?;
    assert!(repaired.contains("2 altered; all repaired"), "{repaired}");
    printed(folder.path(), &["projections", "verify", "--all"])?;
    shop.leave()
}
