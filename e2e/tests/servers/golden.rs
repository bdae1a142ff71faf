//! The golden set: the same queries, over the same history, have the same answers on every engine, to the byte.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::program::{Program, printed};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

mod checks;
mod history;
mod queries;

use queries::{Expected, Golden};

/// Nodes on each page of a list.
const PAGE: usize = 7;
/// The same for every request, because errors repeat the trace id.
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// An engine's name, and the arguments that choose it.
struct Engine {
    name: &'static str,
    stores: Vec<String>,
    /// The projections that have to be built: `--all` or a name. An earlier engine has built the others.
    build: &'static [&'static str],
}

/// A response without its extensions, as it was sent.
#[derive(Debug, Deserialize)]
struct Answer {
    data: Option<Box<RawValue>>,
    errors: Option<Box<RawValue>>,
}

/// Answers by the name of the query: one per page.
type Answers = BTreeMap<String, Vec<String>>;

fn engines(data: &Path) -> Result<Vec<Engine>> {
    let mongodb = std::env::var("CHORALE_TEST_MONGODB").context("CHORALE_TEST_MONGODB names no server")?;
    let (before, options) = mongodb.split_once('?').unwrap_or((&mongodb, ""));
    let server = before.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let redis = std::env::var("CHORALE_TEST_REDIS").context("CHORALE_TEST_REDIS names no server")?;
    let database = format!("golden_{}", std::process::id());
    let documents = format!("--documents={server}/{database}?{options}");
    let sqlite = format!("sqlite://{}", data.join("golden.db").display());
    Ok(vec![
        Engine { name: "SQLite", stores: vec![format!("--documents={sqlite}")], build: &["--all"] },
        Engine { name: "MongoDB", stores: vec![documents.clone()], build: &["--all"] },
        Engine {
            name: "MongoDB and Redis",
            stores: vec![documents.clone(), format!("--hot-views={redis}")],
            build: &["product_cards", "stock_levels"],
        },
        // Nothing answers at this address.
        Engine {
            name: "MongoDB with Redis down",
            stores: vec![documents, "--hot-views=redis://127.0.0.1:1/0".to_owned()],
            build: &[],
        },
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_engine_gives_the_same_answers_to_the_golden_queries() -> Result<()> {
    let (folder, facts) = history::make().await?;
    let golden = queries::all(&facts);
    let names: BTreeSet<_> = golden.iter().map(|one| one.name.as_str()).collect();
    ensure!(names.len() == golden.len(), "two queries have the same name");
    ensure!(golden.len() >= 120, "there are only {} queries", golden.len());

    let mut first: Option<(&str, Answers)> = None;
    for engine in engines(folder.path())? {
        let answers = answers(folder.path(), &engine, &golden).await.context(engine.name)?;
        match &first {
            None => {
                checks::check(&golden, &answers)?;
                first = Some((engine.name, answers));
            }
            Some((name, expected)) => {
                for (query, pages) in expected {
                    let there = answers.get(query).with_context(|| format!("{query} was not asked"))?;
                    if let Some(difference) = difference(pages, there) {
                        bail!("{query} differs on {name} and {}: {difference}", engine.name);
                    }
                }
                println!(
                    "{} queries, {} responses: equal on {name} and {}",
                    golden.len(),
                    count(&answers),
                    engine.name
                );
            }
        }
    }
    Ok(())
}

/// Where two lists of pages first differ, with some text around it.
fn difference(one: &[String], other: &[String]) -> Option<String> {
    if one.len() != other.len() {
        return Some(format!("{} and {} pages", one.len(), other.len()));
    }
    let (page, (one, other)) = one.iter().zip(other).enumerate().find(|(_, (one, other))| one != other)?;
    let at = one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
    let around = |text: &str| text.chars().skip(at.saturating_sub(200)).take(400).collect::<String>();
    Some(format!("page {page}, near byte {at}:\n{}\n{}", around(one), around(other)))
}

fn count(answers: &Answers) -> usize {
    answers.values().map(Vec::len).sum()
}

/// Builds the documents on an engine, and asks for everything.
async fn answers(data: &Path, engine: &Engine, golden: &[Golden]) -> Result<Answers> {
    let stores: Vec<&str> = engine.stores.iter().map(String::as_str).collect();
    if !engine.build.is_empty() {
        let projectors = Program::start(data, &[&["projectors"], stores.as_slice()].concat())?;
        for which in engine.build {
            printed(data, &[&["projections", "wait", *which], stores.as_slice()].concat())?;
        }
        projectors.leave()?;
    }
    let api = Program::start(data, &[&["query-api"], stores.as_slice()].concat())?;
    let mut answers = Answers::new();
    for query in golden {
        let pages = match query.expected {
            Expected::List(list) => walk(&api, query, list).await.with_context(|| query.name.clone())?,
            Expected::Data | Expected::Error(_) => vec![ask(&api, query, &query.variables).await?],
        };
        answers.insert(query.name.clone(), pages);
    }
    api.leave()?;
    Ok(answers)
}

async fn ask(api: &Program, query: &Golden, variables: &Value) -> Result<String> {
    let (public, staff) = api.addresses();
    let url = match query.staff {
        true => format!("http://{staff}/admin/graphql"),
        false => format!("http://{public}/graphql"),
    };
    let body = json!({ "query": query.text, "variables": variables });
    let sent = api.client.post(url).header("traceparent", TRACEPARENT).json(&body).send().await?;
    let (status, text) = (sent.status(), sent.text().await?);
    let answer: Answer = serde_json::from_str(&text).with_context(|| format!("{}: {text}", query.name))?;
    let part =
        |part: Option<Box<RawValue>>| part.map_or_else(|| "null".to_owned(), |raw| raw.get().to_owned());
    Ok(format!(
        r#"{{"status":{},"data":{},"errors":{}}}"#,
        status.as_u16(),
        part(answer.data),
        part(answer.errors)
    ))
}

/// All pages of a list: to its end, and back from there.
async fn walk(api: &Program, query: &Golden, list: &str) -> Result<Vec<String>> {
    let mut pages = Vec::new();
    let forwards =
        follow(api, query, list, ["first", "after", "hasNextPage", "endCursor"], &mut pages).await?;
    let mut backwards =
        follow(api, query, list, ["last", "before", "hasPreviousPage", "startCursor"], &mut pages).await?;
    backwards.reverse();
    ensure!(forwards.concat() == backwards.concat(), "other nodes backwards than forwards: {pages:#?}");
    Ok(pages)
}

/// The nodes of each page in one direction.
async fn follow(
    api: &Program,
    query: &Golden,
    list: &str,
    [size, cursor, more, next]: [&str; 4],
    pages: &mut Vec<String>,
) -> Result<Vec<Vec<Value>>> {
    let (mut nodes, mut variables) = (Vec::new(), query.variables.clone());
    variables[size] = json!(PAGE);
    loop {
        let page = ask(api, query, &variables).await?;
        let answer: Value = serde_json::from_str(&page)?;
        let connection = &answer["data"][list];
        nodes.push(connection["nodes"].as_array().with_context(|| format!("no nodes: {page}"))?.clone());
        pages.push(page);
        match connection["pageInfo"][more] == true {
            true => variables[cursor] = connection["pageInfo"][next].clone(),
            false => return Ok(nodes),
        }
    }
}
