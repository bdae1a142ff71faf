//! Documents that differ from the events, in the file of a real shop: altered by hand, or of an earlier shape.

use std::path::Path;

use anyhow::{Context as _, Result};
use e2e::program::{Program, objects, printed, run};
use read_models::documents::products::PRODUCTS;
use read_models::{Collection, Query, Write, connect, connect_read_only};
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

/// Waits until the projection has every event. Answers its status.
async fn products(data: &Path) -> Result<Value> {
    tokio::task::block_in_place(|| printed(data, &["projections", "wait", "products"]))?;
    let all = objects(data, &["projections"])?;
    all.into_iter().find(|one| one["name"] == "products" && one["state"] == "LIVE").context("products")
}

/// Alters two products in the file. Answers their ids.
async fn alter(data: &Path) -> Result<Vec<String>> {
    let file = data.join("documents.sqlite");
    let mut connection = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(file)).await?;
    let live = products(data).await?;
    let table = format!("products_v{}_g{}", live["shape"], live["generation"]);
    let altering = format!(
        "UPDATE {table} SET body = json_set(body, '$.title', 'Altered') \
         WHERE row IN (SELECT row FROM {table} ORDER BY row LIMIT 2) RETURNING id"
    );
    let altered = sqlx::query_scalar(sqlx::AssertSqlSafe(altering)).fetch_all(&mut connection).await?;
    connection.close().await?;
    Ok(altered)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_altered_by_hand_is_found_with_exit_code_1_and_put_right() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // It seeds the built-in catalogue.
    let shop = Program::start(folder.path(), &[])?;
    products(folder.path()).await?;
    let mut altered = alter(folder.path()).await?;

    // While the shop runs.
    let verify = ["projections", "verify", "products"];
    let found = run(folder.path(), &[&verify[..], &["--json"]].concat())?;
    assert_eq!(found.status.code(), Some(1));
    let found: Value = serde_json::from_slice(&found.stdout)?;
    assert_eq!((&found["altered"], &found["repaired"]), (&2.into(), &0.into()), "{found}");
    let ids = found["documents"].as_array().context("documents")?.iter().map(|one| one["id"].as_str());
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    altered.sort_unstable();
    assert_eq!(ids, altered.iter().map(|id| Some(id.as_str())).collect::<Vec<_>>());

    let repaired = printed(folder.path(), &[&verify[..], &["--repair"]].concat())?;
    assert!(repaired.contains("2 altered; all repaired"), "{repaired}");
    printed(folder.path(), &["projections", "verify", "--all"])?;
    shop.leave()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_counts_what_differs_by_field_and_switches_only_on_request() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = Program::start(folder.path(), &[])?;
    let before = products(folder.path()).await?;
    let altered = alter(folder.path()).await?;
    let rebuild = ["projections", "rebuild", "products"];

    let refused = run(folder.path(), &[&rebuild[..], &["--json"]].concat())?;
    assert_eq!(refused.status.code(), Some(1));
    let counted: Value = serde_json::from_slice(&refused.stdout)?;
    assert_eq!((&counted["changed"], &counted["switch"]), (&json!(2), &json!(false)), "{counted}");
    let [field] = counted["fields"].as_array().context("fields")?.as_slice() else { panic!("{counted}") };
    assert_eq!(
        (&field["field"], &field["change"], &field["documents"]),
        (&json!("title"), &json!("changed"), &json!(2))
    );
    assert!(altered.iter().any(|id| field["example"] == id.as_str()), "{field} of {altered:?}");
    let error = String::from_utf8(refused.stderr)?;
    assert!(error.contains("--accept-differences"), "{error}");

    let compared = run(folder.path(), &[&rebuild[..], &["--compare-only"]].concat())?;
    assert_eq!(compared.status.code(), Some(1));
    let compared = String::from_utf8(compared.stdout)?;
    assert!(compared.contains("2 changed.\nfield ") && compared.contains("\ntitle "), "{compared}");
    assert!(compared.ends_with("Nothing was switched.\n"), "{compared}");
    assert_eq!(products(folder.path()).await?["generation"], before["generation"]);

    let accepted = printed(folder.path(), &[&rebuild[..], &["--accept-differences"]].concat())?;
    assert!(accepted.contains("\ntitle ") && accepted.ends_with("is now live.\n"), "{accepted}");
    assert_ne!(products(folder.path()).await?["generation"], before["generation"]);
    printed(folder.path(), &["projections", "verify", "products"])?;
    shop.leave()
}

/// As an older program declared it.
static BEFORE: Collection = Collection { shape: PRODUCTS.shape - 1, indexes: &[], ..PRODUCTS };

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_shape_is_compared_with_the_shape_before_and_takes_its_place() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let shop = Program::start(folder.path(), &[])?;
    products(folder.path()).await?;
    shop.leave()?;
    // What an older program has left: the same products, with a brand under another name.
    let url = |name: &str| format!("sqlite://{}", folder.path().join(name).display());
    let new = connect_read_only(&url("documents.sqlite"), &[&PRODUCTS]).await?;
    let live = new.generations.live(&PRODUCTS).await?;
    let found = new.queries.find(&live, &Query { limit: 1_000, ..Query::default() }).await?;
    let older = |found: read_models::Found| -> Result<Write> {
        let document = found.document;
        let mut body: Value = serde_json::from_str(&document.body.context("a body")?)?;
        let fields = body.as_object_mut().context("an object")?;
        let brand = fields.remove("brand").unwrap_or_default();
        fields.insert("maker".to_owned(), brand);
        Ok(Write { id: document.id, version: document.version, body: Some(body.to_string()), stale: false })
    };
    let writes: Vec<Write> = found.into_iter().map(older).collect::<Result<_>>()?;
    let old = connect(&url("older.sqlite"), &[&BEFORE]).await?;
    let generation = old.generations.live(&BEFORE).await?;
    old.keyed.write(&generation, &writes, &new.keyed.positions(&live).await?).await?;

    let documents = format!("--documents={}", url("older.sqlite"));
    let rebuild = |flags: &[&str]| {
        objects(folder.path(), &[&["projections", "rebuild", "products", documents.as_str()], flags].concat())
    };
    for (flags, switch) in [(&["--compare-only"][..], false), (&[], true)] {
        let all = rebuild(flags)?;
        let [counted] = all.as_slice() else { panic!("{all:?}") };
        assert_eq!(counted["comparedWith"]["shape"], BEFORE.shape, "{counted}");
        assert_eq!(
            (&counted["changed"], &counted["switch"]),
            (&json!(writes.len()), &json!(switch)),
            "{counted}"
        );
        let fields = counted["fields"].as_array().context("fields")?;
        let of = |name: &str| fields.iter().find(|one| one["field"] == name).map(|one| &one["change"]);
        assert_eq!((of("brand"), of("maker")), (Some(&json!("added")), Some(&json!("removed"))), "{counted}");
    }
    // From now on it is compared with its own shape.
    let all = rebuild(&[])?;
    assert_eq!(all[0]["comparedWith"]["shape"], PRODUCTS.shape, "{all:?}");
    assert_eq!((&all[0]["compared"], &all[0]["switch"]), (&json!(writes.len()), &json!(true)), "{all:?}");
    Ok(())
}
