//! P9 and P10: a list of products over HTTP, beside plain JSON and other GraphQL servers that hold the same products in memory.

use std::sync::Arc;
use std::time::Duration;

use measure::{Options, Samples};
use serde_json::{Value, json};

use crate::load::{self, Bodies, Target};
use crate::peers::{PEERS, Peer};
use crate::place::{Place, Store};
use crate::program::Role;
use crate::queries::{FLAT, VARIANTS};
use crate::{Outcome, Turn};

/// Products on the page.
const FIRST: u32 = 20;
const PATH: &str = "/graphql";

/// A list that is measured.
pub struct List {
    pub name: &'static str,
    query: &'static str,
}

pub const LISTS: [List; 2] = [
    List { name: "20 products", query: FLAT },
    List { name: "20 products with variants, prices and stock", query: VARIANTS },
];
/// Numbers of connections.
pub const CONNECTIONS: [usize; 2] = [1, 32];

/// The name of a contender.
pub fn named(contender: &str, list: &List, connections: usize) -> String {
    format!("{contender}: {}, {connections} connections", list.name)
}

/// The name of Chorale on a store.
pub fn ours(store: &str) -> String {
    format!("chorale on {store}")
}

/// The name of Chorale, which gives answers again.
pub fn kept(store: &str) -> String {
    format!("chorale on {store}, answers kept")
}

/// The name of Chorale, asked a query that it has never seen.
pub fn unseen(store: &str) -> String {
    format!("chorale on {store}, each query new")
}

pub const PLAIN: &str = "plain axum JSON";

pub async fn run(turn: &Turn<'_>, samples: &mut Samples) -> Outcome<()> {
    let Turn { place, options, store, .. } = *turn;
    if !options.wants("P9") && !options.wants("P10") {
        return Ok(());
    }
    let api = turn.role("query-api", &["--answer-cache", "0"]).await?;
    // The peers do not depend on Chorale's store.
    let with_peers = !store.is_mongodb();
    for list in &LISTS {
        let answer = api.ask(&api.public, PATH, list.query, json!({ "first": FIRST })).await?;
        let found = answer["data"]["products"]["nodes"].as_array().map_or(0, Vec::len);
        if found != FIRST as usize {
            return Err(format!("{found} products instead of {FIRST}: {answer}").into());
        }
        let tree = json!({ "data": answer["data"] });
        for connections in CONNECTIONS {
            of_chorale(&api, options, store, list, connections, samples).await?;
            if with_peers {
                of_peers(place, options, list, &tree, connections, samples).await?;
            }
        }
    }
    api.stop().await?;
    if options.wants("P9") { with_answers_kept(turn, samples).await } else { Ok(()) }
}

async fn with_answers_kept(turn: &Turn<'_>, samples: &mut Samples) -> Outcome<()> {
    let api = turn.role("query-api", &[]).await?;
    for list in &LISTS {
        for connections in CONNECTIONS {
            let sample = load::run(&target(&api)?, connections, turn.options.time, same(list), None).await?;
            samples.add(&named(&kept(&turn.store.name), list, connections), sample);
        }
    }
    api.stop().await
}

fn target(api: &Role) -> Outcome<Target<'_>> {
    let address = api.public.trim_start_matches("http://");
    Ok(Target { address, path: PATH, process: api.process()? })
}

async fn of_chorale(
    api: &Role,
    options: &Options,
    store: &Store,
    list: &'static List,
    connections: usize,
    samples: &mut Samples,
) -> Outcome<()> {
    let target = target(api)?;
    if options.wants("P9") {
        let sample = load::run(&target, connections, options.time, same(list), None).await?;
        samples.add(&named(&ours(&store.name), list, connections), sample);
    }
    if options.wants("P10") {
        let text = list.query.to_owned();
        // Another name makes it another query.
        let salt = uuid::Uuid::new_v4().simple().to_string();
        let bodies: Bodies = Arc::new(move |number| {
            let query = text.replacen("query", &format!("query Q{salt}{number}"), 1);
            json!({ "query": query, "variables": { "first": FIRST } }).to_string()
        });
        let sample = load::run(&target, connections, options.time, bodies, None).await?;
        samples.add(&named(&unseen(&store.name), list, connections), sample);
    }
    Ok(())
}

async fn of_peers(
    place: &Place,
    options: &Options,
    list: &'static List,
    tree: &Value,
    connections: usize,
    samples: &mut Samples,
) -> Outcome<()> {
    for kind in PEERS {
        let peer = Peer::start(place, kind, tree).await?;
        let target = Target { address: &peer.address, path: PATH, process: peer.process()? };
        let (answer, length) = peer.ask(list.query, json!({ "first": FIRST })).await?;
        if answer["data"] != tree["data"] {
            return Err(format!("{} answers something else: {answer}", kind.name).into());
        }
        // JIT compilers need longer than Chorale.
        load::run(&target, connections, Duration::from_secs(1), same(list), Some(length)).await?;
        let sample = load::run(&target, connections, options.time, same(list), Some(length)).await?;
        samples.add(&named(kind.name, list, connections), sample);
        peer.stop().await?;
    }
    Ok(())
}

/// The same request each time.
fn same(list: &List) -> Bodies {
    let body = json!({ "query": list.query, "variables": { "first": FIRST } }).to_string();
    Arc::new(move |_| body.clone())
}
