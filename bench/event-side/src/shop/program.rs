//! A shop in separate processes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use measure::until_ready;
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use uuid::Uuid;

use super::post;
use crate::Outcome;
use crate::place::{Database, Place};

/// How long a process may take to become ready or to stop.
const PATIENCE: Duration = Duration::from_secs(120);
/// Opening stock of each variant; large enough that stock never runs out.
const STOCK: u32 = 1_000_000;

/// A shop on a database and topics of its own.
pub struct Shop {
    /// Prefix of its topics.
    pub prefix: String,
    /// The variants that it sells and has in stock.
    pub skus: Vec<String>,
    client: Client,
    shoppers: String,
    office: String,
    queries: String,
    processes: Vec<Child>,
    database: Database,
    _folder: TempDir,
}

impl Shop {
    /// Starts a shop with the built-in catalogue.
    pub async fn open(place: &Place, roles: &[&str], servers: bool) -> Outcome<Self> {
        let program = place.chorale.as_ref().ok_or("the program was not built")?;
        let (database, folder, prefix) =
            (place.database().await?, tempfile::tempdir_in(&place.disk)?, place.prefix());
        let documents = if servers { place.read_models() } else { Vec::new() };
        let command = |role: &str| {
            let mut command = Command::new(program);
            command
                .arg("--data-dir")
                .arg(folder.path())
                .args(["--listen", "127.0.0.1:0", "--staff-listen", "127.0.0.1:0"])
                .env("CHORALE_EVENT_LOG", &database.url)
                .env("CHORALE_VAULT", &database.url)
                .env("CHORALE_BUS", format!("kafka://{}?prefix={prefix}", place.kafka))
                .env("CHORALE_LOG", "warn")
                .envs(documents.iter().map(|(name, address)| (*name, address)))
                .args(Some(role).filter(|role| !role.is_empty()))
                .kill_on_drop(true);
            command
        };
        let prepared = command("migrate").output().await?;
        if !prepared.status.success() {
            return Err(format!("chorale migrate: {}", String::from_utf8_lossy(&prepared.stderr)).into());
        }
        let (mut processes, mut heard) = (Vec::new(), Vec::new());
        for role in roles {
            processes.push(command(role).stdout(Stdio::piped()).spawn()?);
        }
        // Some processes are only ready after others are running.
        for process in &mut processes {
            heard.push(until_ready(process, PATIENCE).await?);
        }
        // A process prints its addresses with a label for their audience; `page` identifies the process.
        let address = |label: &str, page: &str| {
            let process =
                heard.iter().find(|lines: &&Vec<String>| lines.iter().any(|line| line.contains(page)));
            let line = process.and_then(|lines| lines.iter().find(|line| line.contains(label)));
            let rest =
                line.and_then(|line| line.split("http://").nth(1)).and_then(|rest| rest.split('/').next());
            Outcome::Ok(format!("http://{}", rest.ok_or_else(|| format!("no {label} in {heard:?}"))?))
        };
        let client = Client::builder().timeout(PATIENCE).build()?;
        let (shoppers, office) = (address("for shoppers", "/docs")?, address("back office", "/docs")?);
        let queries = address("back office", "graphiql")?;
        let skus = Vec::new();
        let mut shop =
            Self { prefix, skus, client, shoppers, office, queries, processes, database, _folder: folder };
        shop.stock_up().await?;
        Ok(shop)
    }

    async fn stocked(&self) -> Outcome<Vec<String>> {
        let (mut skus, mut after) = (Vec::new(), Value::Null);
        let query = "query($after: String) { stockItems(first: 100, after: $after) {
                     nodes { sku } pageInfo { hasNextPage endCursor } } }";
        loop {
            let answer = self.ask(query, json!({ "after": after })).await?;
            let page = &answer["data"]["stockItems"];
            let nodes = page["nodes"].as_array().ok_or_else(|| format!("no stock: {answer}"))?;
            skus.extend(nodes.iter().filter_map(|node| Some(node["sku"].as_str()?.to_owned())));
            if page["pageInfo"]["hasNextPage"] != true {
                return Ok(skus);
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    /// All variants that are for sale.
    async fn stock_up(&mut self) -> Outcome<()> {
        // The documents lag behind the catalogue; they are complete when their number no longer grows.
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.stocked().await?;
            let before = std::mem::replace(&mut self.skus, now);
            if !before.is_empty() && before.len() == self.skus.len() {
                break;
            }
            if Instant::now() > deadline {
                return Err("the shop has nothing to sell".into());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let mut last = Value::Null;
        for sku in &self.skus {
            last = self.receive(sku, STOCK).await?;
        }
        // All processes know the catalogue and the stock.
        let query = "query($sku: String!, $token: String) { stockItems(first: 1, where: { skus: [$sku] }, consistency: $token) { nodes { sku } } }";
        self.ask(query, json!({ "sku": self.skus.last(), "token": last["token"] })).await?;
        Ok(())
    }

    pub async fn receive(&self, sku: &str, quantity: u32) -> Outcome<Value> {
        let url = format!("{}/v1/stock/{sku}/receive", self.office);
        let key = Some(Uuid::new_v4().to_string());
        post(&self.client, url, key, &json!({ "location": "central", "quantity": quantity })).await
    }

    /// Places an order for one unit, and returns its id.
    pub async fn order(&self, sku: &str) -> Outcome<String> {
        let body = json!({
            "lines": [{ "sku": sku, "quantity": 1 }],
            "email": "shopper@shoppers.example",
            "shippingAddress": {
                "name": "A. Shopper", "lines": ["1 Harbour Road"], "postalCode": "10115", "city": "Berlin", "country": "DE",
            },
            "paymentToken": "tok_ok",
        });
        let key = Some(Uuid::new_v4().to_string());
        let answer = post(&self.client, format!("{}/v1/orders", self.shoppers), key, &body).await?;
        Ok(answer["orderId"].as_str().ok_or("an order without id")?.to_owned())
    }

    /// Sends a query to the back office.
    pub async fn ask(&self, query: &str, variables: Value) -> Outcome<Value> {
        let url = format!("{}/admin/graphql", self.queries);
        post(&self.client, url, None, &json!({ "query": query, "variables": variables })).await
    }

    pub async fn close(mut self) -> Outcome<()> {
        for child in &mut self.processes {
            if let Some(id) = child.id() {
                Command::new("kill").arg(id.to_string()).status().await?;
            }
        }
        for child in &mut self.processes {
            tokio::time::timeout(PATIENCE, child.wait()).await??;
        }
        self.database.drop().await
    }
}
