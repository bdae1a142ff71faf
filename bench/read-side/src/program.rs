//! The program `chorale`, and the shop whose documents are measured.

use std::process::Stdio;
use std::time::{Duration, Instant};

use measure::{Options, Sample, until_ready};
use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::Outcome;
use crate::place::{Place, Store};

/// Longest wait for a process to be ready, and for a projection to catch up.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// A data directory with the logs of a shop, which is closed.
pub struct History {
    pub folder: TempDir,
}

impl History {
    /// Opens a shop, lets simulated shoppers order, and closes it.
    pub async fn make(place: &Place, options: &Options) -> Outcome<Self> {
        let folder = tempfile::tempdir_in(&place.disk)?;
        let shop = Role::start(place, &folder, &[]).await?;
        let seconds = if options.quick { "3" } else { "30" };
        let demo = Command::new(&place.chorale)
            .args(["demo", "--seed", "1", "--shoppers", "32", "--seconds", seconds])
            .args(["--url", &shop.public, "--staff-url", &shop.staff])
            .env("CHORALE_LOG", "error")
            .output()
            .await?;
        if !demo.status.success() {
            return Err(format!("chorale demo: {}", String::from_utf8_lossy(&demo.stderr)).into());
        }
        shop.stop().await?;
        Ok(Self { folder })
    }
}

/// A process of the program, in its own data directory.
pub struct Role {
    child: Child,
    /// URL for shoppers; empty if the role has no API.
    pub public: String,
    /// URL of the back office; empty if the role has no API.
    pub staff: String,
    /// URL of its metrics; empty without `--metrics-listen`.
    metrics: String,
    client: Client,
}

impl Role {
    /// Starts the program with these arguments on free ports, and waits until it is ready.
    async fn start(place: &Place, folder: &TempDir, arguments: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(&place.chorale)
            .arg("--data-dir")
            .arg(folder.path())
            .args([
                "--listen",
                "127.0.0.1:0",
                "--staff-listen",
                "127.0.0.1:0",
                "--metrics-listen",
                "127.0.0.1:0",
            ])
            .args(arguments)
            .env("CHORALE_LOG", "warn")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let heard = until_ready(&mut child, PATIENCE).await?;
        let url = |label: &str| {
            let line = heard.iter().find(|line| line.contains(label));
            let host =
                line.and_then(|line| line.split("http://").nth(1)).and_then(|rest| rest.split('/').next());
            host.map_or_else(String::new, |host| format!("http://{}", host.trim()))
        };
        let (public, staff, metrics) = (url("for shoppers"), url("back office"), url("/metrics"));
        let client = Client::builder().timeout(PATIENCE).build()?;
        Ok(Self { child, public, staff, metrics, client })
    }

    /// Starts a role on a store, with further options.
    pub async fn on(
        place: &Place,
        folder: &TempDir,
        role: &str,
        store: &Store,
        options: &[&str],
    ) -> Outcome<Self> {
        let arguments = store.arguments();
        let arguments = arguments.iter().map(String::as_str).chain(options.iter().copied());
        let arguments: Vec<&str> = std::iter::once(role).chain(arguments).collect();
        Self::start(place, folder, &arguments).await
    }

    /// The id of the process.
    pub fn process(&self) -> Outcome<u32> {
        Ok(self.child.id().ok_or("the process has ended")?)
    }

    /// Sends a GraphQL query, which must not fail. `path` is that of the endpoint.
    pub async fn ask(&self, url: &str, path: &str, query: &str, variables: Value) -> Outcome<Value> {
        let body = json!({ "query": query, "variables": variables });
        let answer: Value = self.client.post(format!("{url}{path}")).json(&body).send().await?.json().await?;
        if answer["errors"].is_null() { Ok(answer) } else { Err(format!("{query}: {answer}").into()) }
    }

    /// The sum of all samples of a metric whose labels contain `label`.
    pub async fn metric(&self, name: &str, label: &str) -> Outcome<f64> {
        let text = self.client.get(format!("{}/metrics", self.metrics)).send().await?.text().await?;
        let mut found = false;
        let mut sum = 0.0;
        for line in text.lines().filter(|line| line.starts_with(name) && line.contains(label)) {
            let (_, value) = line.rsplit_once(' ').ok_or("a metric without value")?;
            (sum, found) = (sum + value.parse::<f64>()?, true);
        }
        if found { Ok(sum) } else { Err(format!("there is no metric {name} with {label}").into()) }
    }

    /// The times of calls one after the other.
    pub async fn timed(&self, url: &str, path: &str, bodies: Vec<Value>) -> Outcome<Sample> {
        let (start, mut times) = (Instant::now(), Vec::new());
        for body in &bodies {
            let sent = Instant::now();
            let answer = self.client.post(format!("{url}{path}")).json(body).send().await?;
            let answer: Value = answer.json().await?;
            times.push(sent.elapsed());
            if !answer["errors"].is_null() {
                return Err(format!("{body}: {answer}").into());
            }
        }
        Ok(Sample::timed(bodies.len() as u64, start.elapsed(), times))
    }

    /// Ends the process as Ctrl-C does.
    pub async fn stop(mut self) -> Outcome<()> {
        let process = self.process()?;
        Command::new("kill").args(["-TERM", &process.to_string()]).status().await?;
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await??;
        if status.success() { Ok(()) } else { Err(format!("the program ended with {status}").into()) }
    }
}
