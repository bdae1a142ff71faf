//! The peers of the query API: plain axum JSON, and GraphQL servers on Node, which resolve from objects in memory.

use std::process::Stdio;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::NamedTempFile;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::Outcome;
use crate::lists::PLAIN;
use crate::place::Place;

const PATIENCE: Duration = Duration::from_secs(60);

/// A kind of server.
#[derive(Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    /// The engine that `peers/graphql/server.mjs` starts; `None` for the plain server.
    engine: Option<&'static str>,
}

pub const MERCURIUS: &str = "mercurius + JIT";
pub const APOLLO: &str = "Apollo Server";
pub const YOGA: &str = "graphql-yoga";

pub const PEERS: [Kind; 4] = [
    Kind { name: PLAIN, engine: None },
    Kind { name: MERCURIUS, engine: Some("mercurius") },
    Kind { name: APOLLO, engine: Some("apollo") },
    Kind { name: YOGA, engine: Some("yoga") },
];

/// A running server.
pub struct Peer {
    child: Child,
    /// `host:port`
    pub address: String,
    _answer: NamedTempFile,
}

impl Peer {
    /// Starts a server that answers with `tree`, and waits until it listens.
    pub async fn start(place: &Place, kind: Kind, tree: &Value) -> Outcome<Self> {
        let answer = NamedTempFile::new()?;
        std::fs::write(answer.path(), tree.to_string())?;
        let mut command = match kind.engine {
            None => {
                let mut command = Command::new(std::env::current_exe()?);
                command.arg("plain");
                command
            }
            Some(engine) => {
                let mut command = Command::new("node");
                command.arg(place.peers.join("graphql/server.mjs")).arg(engine).env("NODE_ENV", "production");
                command
            }
        };
        let mut child = command.arg(answer.path()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let output = child.stdout.take().ok_or("standard output is not piped")?;
        let mut lines = BufReader::new(output).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await??;
        let line = line.ok_or_else(|| format!("{} did not start", kind.name))?;
        let address = line.trim().trim_start_matches("http://").to_owned();
        Ok(Self { child, address, _answer: answer })
    }

    pub fn process(&self) -> Outcome<u32> {
        Ok(self.child.id().ok_or("the peer has ended")?)
    }

    /// Sends a query. Answers the response and its length in bytes.
    pub async fn ask(&self, query: &str, variables: Value) -> Outcome<(Value, usize)> {
        let body = json!({ "query": query, "variables": variables });
        let sent = Client::new().post(format!("http://{}/graphql", self.address)).json(&body).send().await?;
        let text = sent.text().await?;
        Ok((serde_json::from_str(&text)?, text.len()))
    }

    pub async fn stop(mut self) -> Outcome<()> {
        self.child.kill().await?;
        Ok(())
    }
}
