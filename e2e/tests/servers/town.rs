//! A shop on servers: a database and topics of its own, and one process per role, several of most.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use platform::bus::kafka::scratch::Topics;
use platform::postgres::scratch::Scratch;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{self, Program};

/// The parts of a shop, and how many processes of each there are.
pub const CAST: [(&str, usize); 5] =
    [("relay", 2), ("reactors", 2), ("projectors", 2), ("command-api", 1), ("query-api", 1)];

/// The stores of a shop, and its processes by role and number.
pub struct Town {
    pub data: TempDir,
    pub database: Scratch,
    pub topics: Topics,
    running: BTreeMap<(&'static str, usize), Program>,
}

impl Town {
    /// Prepared stores, and nobody at work.
    pub async fn new() -> Result<Self> {
        let (data, database, topics) = (tempfile::tempdir()?, Scratch::new().await?, Topics::new()?);
        let town = Self { data, database, topics, running: BTreeMap::new() };
        town.printed(&["migrate"])?;
        Ok(town)
    }

    /// The addresses of the stores, as flags.
    pub fn stores(&self) -> Vec<String> {
        let flag = |name: &str, address: &str| format!("--{name}={address}");
        let database = self.database.url();
        vec![flag("event-log", database), flag("vault", database), flag("bus", self.topics.url())]
    }

    pub fn folder(&self) -> &Path {
        self.data.path()
    }

    /// What a command prints that must succeed.
    pub fn printed(&self, args: &[&str]) -> Result<String> {
        program::printed(self.folder(), &self.with_stores(args).iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// The same with `--json`: one object a line.
    pub fn objects(&self, args: &[&str]) -> Result<Vec<Value>> {
        program::objects(self.folder(), &self.with_stores(args).iter().map(String::as_str).collect::<Vec<_>>())
    }

    pub fn with_stores(&self, args: &[&str]) -> Vec<String> {
        self.stores().into_iter().chain(args.iter().map(|arg| (*arg).to_owned())).collect()
    }

    /// Starts everybody who does not run.
    pub fn open(&mut self) -> Result<()> {
        for (role, count) in CAST {
            for number in 0..count {
                if !self.running.contains_key(&(role, number)) {
                    self.start(role, number)?;
                }
            }
        }
        Ok(())
    }

    pub fn start(&mut self, role: &'static str, number: usize) -> Result<()> {
        let args = self.with_stores(&[role]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let program = Program::start(self.folder(), &args).with_context(|| format!("{role} does not start"))?;
        self.running.insert((role, number), program);
        Ok(())
    }

    /// Ends a process without a warning.
    pub fn kill(&mut self, role: &'static str, number: usize) -> Result<()> {
        // Dropping kills, and waits until it is gone.
        ensure!(self.running.remove(&(role, number)).is_some(), "{role} {number} does not run");
        Ok(())
    }

    /// Asks everybody to leave, and waits until they have.
    pub fn close(&mut self) -> Result<()> {
        for (_, program) in std::mem::take(&mut self.running) {
            program.leave()?;
        }
        Ok(())
    }

    pub fn commands(&self) -> Result<&Program> {
        self.running.get(&("command-api", 0)).context("nobody takes commands")
    }

    pub fn queries(&self) -> Result<&Program> {
        self.running.get(&("query-api", 0)).context("nobody answers queries")
    }
}
