//! Servers of a single test, which it may kill.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// PostgreSQL, Kafka and perhaps MongoDB, started by `scripts/servers` and stopped when this is dropped.
pub struct Servers {
    run: String,
    pub postgres: String,
    pub kafka: String,
    /// Empty if it was not started.
    pub mongodb: String,
}

/// The top of the repository.
pub fn root() -> PathBuf {
    PathBuf::from("..")
}

fn script(run: &str, args: &[&str]) -> Result<String> {
    let script = root().join("scripts/servers");
    let mut command = Command::new(script);
    // The servers of the whole test run must not be killed.
    command
        .env_remove("CHORALE_TEST_POSTGRES")
        .env_remove("CHORALE_TEST_KAFKA")
        .env_remove("CHORALE_TEST_MONGODB")
        .env_remove("CHORALE_TEST_REDIS")
        .env_remove("CHORALE_SERVERS_RUN");
    let output =
        command.args(["--run", run]).args(args).output().context("scripts/servers cannot be started")?;
    let output_text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "scripts/servers {args:?}: {output_text}");
    Ok(String::from_utf8(output.stdout)?)
}

impl Servers {
    /// PostgreSQL, Kafka, and MongoDB if it is wanted, in a run of this name.
    pub fn up(name: &str, mongodb: bool) -> Result<Self> {
        let own = std::process::id().to_string();
        let run = format!("{name}-{own}");
        let mut args = vec!["up", "--owner", &own, "postgres", "kafka"];
        args.extend(mongodb.then_some("mongodb"));
        script(&run, &args)?;
        let mut servers = Self { run, postgres: String::new(), kafka: String::new(), mongodb: String::new() };
        let env: Value = serde_json::from_str(&script(&servers.run, &["env", "--json"])?)?;
        let address =
            |name: &str| env[name].as_str().map(str::to_owned).with_context(|| format!("no {name} in {env}"));
        servers.postgres = address("CHORALE_TEST_POSTGRES")?;
        servers.kafka = address("CHORALE_TEST_KAFKA")?;
        if mongodb {
            servers.mongodb = address("CHORALE_TEST_MONGODB")?;
        }
        Ok(servers)
    }

    /// Kills a server with SIGKILL, and starts it on the same data and port.
    pub fn crash(&self, server: &str) -> Result<()> {
        script(&self.run, &["restart", server, "--kill"]).map(drop)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Err(error) = script(&self.run, &["down", "--kill"]) {
            eprintln!("{error:#}");
        }
    }
}

/// A Python with the packages that the auditor's example needs.
pub fn python() -> Result<PathBuf> {
    match std::env::var("CHORALE_TEST_PYTHON") {
        Ok(path) => Ok(PathBuf::from(path)),
        Err(_) => Ok(Path::new(script("python", &["python"])?.trim()).to_owned()),
    }
}
