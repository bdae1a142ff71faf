//! A shop on servers, with its own database and topics, and several processes per role.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use chorale::shop::{Shop, ShopOptions};
use chorale::shop_properties::Want;
use chorale::stores::Stores;
use platform::config::Secret;
use serde_json::Value;
use tempfile::TempDir;

use crate::servers::{Servers, python, root};
use e2e::clients;
use e2e::program::{self, Program, SOON};

/// The roles of a shop, and the number of processes of each.
pub const ROLES: [(&str, usize); 5] =
    [("command-api", 1), ("relay", 2), ("reactors", 2), ("projectors", 2), ("query-api", 1)];
/// Lines of each process that are shown if the shop does not settle.
const LAST_LINES: usize = 20;
/// Public half of the key with which the tests' programs sign log heads.
const PUBLIC_KEY: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

/// Where the processes of a shop find its stores.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Without a database.
    pub postgres: String,
    /// `host:port`.
    pub kafka: String,
    /// Further parameters of Kafka's address, each after `&`.
    pub kafka_parameters: String,
    /// The documents; a file if there is none.
    pub documents: Option<String>,
    /// The hot views; among the documents if there is none.
    pub hot_views: Option<String>,
}

impl Addresses {
    /// Logs and topics on these servers, without a proxy.
    pub fn of(servers: &Servers) -> Self {
        Self { postgres: servers.postgres.clone(), kafka: servers.kafka.clone(), ..Self::default() }
    }

    fn bus(&self) -> String {
        format!("kafka://{}?prefix=shop.{}", self.kafka, self.kafka_parameters)
    }
}

/// A database of the shop on a MongoDB.
#[cfg(feature = "long")]
pub fn database_on(mongodb: &str, name: &str) -> Result<String> {
    // Scheme and authority, then the options.
    let (server, options) = mongodb.split_once("/?").context("an address without options")?;
    Ok(format!("{server}/{name}?{options}"))
}

/// The stores of a shop, and its processes by role and number.
pub struct Deployment {
    pub servers: Servers,
    pub addresses: Addresses,
    folder: TempDir,
    /// The database of logs and keys.
    database: String,
    running: BTreeMap<(&'static str, usize), Program>,
    /// Ports for shoppers and for the back office, per role. A restart keeps them.
    ports: BTreeMap<&'static str, [u16; 2]>,
    /// Additional flags for every process that is started.
    pub flags: Vec<String>,
}

impl Deployment {
    /// Migrated stores on servers of its own, with the built-in catalogue and documents in a file. No process is started.
    pub async fn new(name: &str) -> Result<Self> {
        let servers = Servers::up(name, &["postgres", "kafka"])?;
        let addresses = Addresses::of(&servers);
        Self::on(servers, addresses).await
    }

    /// [`new`](Self::new), with documents in MongoDB.
    #[cfg(feature = "long")]
    pub async fn with_mongodb(name: &str) -> Result<Self> {
        let servers = Servers::up(name, &["postgres", "kafka", "mongodb"])?;
        let documents = Some(database_on(&servers.mongodb, "shop")?);
        let addresses = Addresses { documents, ..Addresses::of(&servers) };
        Self::on(servers, addresses).await
    }

    /// A migrated shop with its stores at these addresses of these servers. No process is started.
    pub async fn on(servers: Servers, addresses: Addresses) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let ports = BTreeMap::from([("command-api", free_ports()?), ("query-api", free_ports()?)]);
        let (running, flags) = (BTreeMap::new(), Vec::new());
        let deployment =
            Self { servers, addresses, folder, database: "shop".to_owned(), running, ports, flags };
        deployment.sql("CREATE DATABASE shop").await?;
        deployment.printed(&["migrate"])?;
        // All roles in one process seed the catalogue.
        let args = deployment.args(&["--listen=127.0.0.1:0", "--staff-listen=127.0.0.1:0"])?;
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        Program::start(deployment.folder(), &args)?.leave()?;
        Ok(deployment)
    }

    fn address(&self, database: &str) -> Result<String> {
        let (server, _) = self.addresses.postgres.rsplit_once('/').context("an address without database")?;
        Ok(format!("{server}/{database}"))
    }

    /// Runs a statement on the server of the logs.
    pub async fn sql(&self, statement: &str) -> Result<()> {
        use sqlx::Connection as _;
        let mut connection = sqlx::PgConnection::connect(&self.servers.postgres).await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Switches the shop's logs and keys to another database.
    pub fn use_database(&mut self, name: &str) {
        name.clone_into(&mut self.database);
    }

    /// The addresses of the stores, as flags.
    fn stores(&self) -> Result<Vec<String>> {
        let database = self.address(&self.database)?;
        let bus = self.addresses.bus();
        let mut stores =
            vec![format!("--event-log={database}"), format!("--vault={database}"), format!("--bus={bus}")];
        let Addresses { documents, hot_views, .. } = &self.addresses;
        stores.extend(documents.iter().map(|documents| format!("--documents={documents}")));
        stores.extend(hot_views.iter().map(|hot_views| format!("--hot-views={hot_views}")));
        Ok(stores)
    }

    pub fn args(&self, args: &[&str]) -> Result<Vec<String>> {
        Ok(self.stores()?.into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect())
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Output of a command, which must succeed.
    pub fn printed(&self, args: &[&str]) -> Result<String> {
        let args = self.args(args)?;
        program::printed(self.folder(), &args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Output of a command with `--json`: one object per line.
    pub fn objects(&self, args: &[&str]) -> Result<Vec<Value>> {
        let args = self.args(args)?;
        program::objects(self.folder(), &args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Starts all processes that are not running.
    pub fn open(&mut self) -> Result<()> {
        for (role, count) in ROLES {
            for number in 0..count {
                if !self.running.contains_key(&(role, number)) {
                    self.start(role, number)?;
                }
            }
        }
        Ok(())
    }

    pub fn start(&mut self, role: &'static str, number: usize) -> Result<()> {
        let mut args = self.args(&[role])?;
        args.extend(self.flags.iter().cloned());
        if let Some([public, staff]) = self.ports.get(role) {
            args.push(format!("--listen=127.0.0.1:{public}"));
            args.push(format!("--staff-listen=127.0.0.1:{staff}"));
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program =
            Program::start(self.folder(), &args).with_context(|| format!("could not start {role}"))?;
        self.running.insert((role, number), program);
        Ok(())
    }

    pub fn kill(&mut self, role: &'static str, number: usize) -> Result<()> {
        // Dropping kills the process and waits for its end.
        ensure!(self.running.remove(&(role, number)).is_some(), "{role} {number} is not running");
        Ok(())
    }

    /// Stops a process gracefully.
    pub fn stop(&mut self, role: &'static str, number: usize) -> Result<()> {
        let program =
            self.running.remove(&(role, number)).with_context(|| format!("{role} is not running"))?;
        program.leave().with_context(|| format!("{role} {number}"))
    }

    /// Stops all processes gracefully. Fails if one has already ended.
    pub fn close(&mut self) -> Result<()> {
        for ((role, number), program) in std::mem::take(&mut self.running) {
            program.leave().with_context(|| format!("{role} {number}"))?;
        }
        Ok(())
    }

    /// The running processes, with their roles and numbers.
    #[cfg(feature = "long")]
    pub fn processes(&self) -> impl Iterator<Item = (&'static str, usize, &Program)> {
        self.running.iter().map(|((role, number), program)| (*role, *number, program))
    }

    /// A running process.
    #[cfg(feature = "long")]
    pub fn process(&self, role: &'static str, number: usize) -> Result<&Program> {
        self.running.get(&(role, number)).with_context(|| format!("{role} {number} is not running"))
    }

    /// The address for shoppers' commands.
    pub fn commands(&self) -> Result<String> {
        Ok(format!("http://127.0.0.1:{}", self.ports.get("command-api").context("a port")?[0]))
    }

    /// The addresses of GraphQL, for shoppers and for the back office.
    #[cfg(feature = "long")]
    pub fn queries(&self) -> Result<[String; 2]> {
        let [public, staff] = self.ports.get("query-api").context("ports")?;
        Ok([format!("http://127.0.0.1:{public}/graphql"), format!("http://127.0.0.1:{staff}/admin/graphql")])
    }

    /// Opens the shop in this process without running a role.
    pub async fn connect(&self) -> Result<Shop> {
        self.connect_to(Some(Secret::from(self.addresses.bus()))).await
    }

    /// [`connect`](Self::connect), with another bus; with `None` the logs themselves are the bus.
    pub async fn connect_to(&self, bus: Option<Secret>) -> Result<Shop> {
        let database = Secret::from(self.address(&self.database)?);
        let stores = Stores {
            event_log: vec![database.expose().parse()?],
            vault: Some(database),
            bus,
            documents: self.addresses.documents.clone().map(Secret::from),
            hot_views: self.addresses.hot_views.clone().map(Secret::from),
            ..Stores::default()
        };
        Shop::open(self.folder(), ShopOptions { want: Want::Any, stores, ..ShopOptions::default() }).await
    }

    /// Waits until all consumers have caught up.
    pub async fn settled(&self) -> Result<()> {
        let shop = self.connect().await?;
        let settled = shop.settled(SOON).await;
        if settled.is_err() {
            for ((role, number), program) in &self.running {
                let unread = program.unread();
                let last = unread.len().saturating_sub(LAST_LINES);
                println!("{role} {number}: {:#?}", &unread[last..]);
            }
        }
        settled?;
        shop.close().await
    }

    /// Checks all invariants, and runs the example auditor, an independent program that reads only the topics. No process
    /// may be running.
    pub async fn is_sound(&self) -> Result<()> {
        let shop = self.connect().await?;
        let invariants = chorale::invariants::check(&shop, |_| {}).await?;
        shop.close().await?;
        for invariant in &invariants {
            ensure!(invariant.holds, "{}: {}", invariant.name, invariant.detail);
        }
        ensure!(
            self.objects(&["log", "verify"])?.iter().all(|log| log["sound"] == true),
            "a log is not sound"
        );
        ensure!(self.objects(&["parked", "list"])?.is_empty(), "something is parked");
        self.audit()
    }

    /// Client libraries and SDKs for other languages read every event once and in order, and its payload fits its schema. The
    /// topics must have events of both content modes. No process may be running.
    pub fn other_clients_read_everything(&self) -> Result<()> {
        let logs = self.objects(&["log", "verify"])?;
        let events: u64 = logs.iter().filter_map(|log| log["events"].as_u64()).sum();
        ensure!(events > 0, "the logs are empty: {logs:?}");
        let (events, root) = (events.to_string(), root());
        let (node, python) = (clients::node()?, python()?);
        let schemas = root.join("schemas/contracts/events");
        for (interpreter, program) in [(node, "e2e/node/kafka.mjs"), (python, "e2e/python/kafka.py")] {
            let output = Command::new(&interpreter)
                .arg(root.join(program))
                .args([&self.servers.kafka, "shop.", &events])
                .arg(&schemas)
                .output()
                .with_context(|| format!("{} cannot be started", interpreter.display()))?;
            let said = String::from_utf8_lossy(&output.stdout);
            println!("{said}");
            let errors = String::from_utf8_lossy(&output.stderr);
            ensure!(output.status.success(), "{program}: {said}{errors}");
        }
        Ok(())
    }

    fn audit(&self) -> Result<()> {
        let program: PathBuf = root().join("examples/auditor/audit.py");
        let output = Command::new(python()?)
            .arg(program)
            .args(["--brokers", &self.servers.kafka, "--prefix", "shop.", "--public-key", PUBLIC_KEY])
            .output()
            .context("the auditor's program cannot be started")?;
        let (stdout, stderr) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        println!("{stdout}");
        ensure!(output.status.success(), "the auditor found problems: {stdout}{stderr}");
        Ok(())
    }
}

/// Two free ports. If another program takes one before it is used, the start fails with a message.
fn free_ports() -> Result<[u16; 2]> {
    let (one, two) = (TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?);
    Ok([one.local_addr()?.port(), two.local_addr()?.port()])
}
