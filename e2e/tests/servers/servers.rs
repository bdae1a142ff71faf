//! Servers of a single test, which it may kill.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// The servers of a test, started by `scripts/servers` and stopped when this is dropped.
pub struct Servers {
    run: String,
    /// The addresses; each is empty if its server was not started.
    pub postgres: String,
    pub kafka: String,
    pub mongodb: String,
    pub redis: String,
}

/// The top of the repository.
pub fn root() -> PathBuf {
    PathBuf::from("..")
}

fn script(run: &str, args: &[&str], env: &[(&str, String)]) -> Result<String> {
    let script = root().join("scripts/servers");
    let mut command = Command::new(script);
    // The servers of the whole test run must not be killed.
    command
        .env_remove("CHORALE_TEST_POSTGRES")
        .env_remove("CHORALE_TEST_KAFKA")
        .env_remove("CHORALE_TEST_MONGODB")
        .env_remove("CHORALE_TEST_REDIS")
        .env_remove("CHORALE_SERVERS_RUN")
        .envs(env.iter().map(|(name, value)| (name, value)));
    let output =
        command.args(["--run", run]).args(args).output().context("scripts/servers cannot be started")?;
    let output_text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "scripts/servers {args:?}: {output_text}");
    Ok(String::from_utf8(output.stdout)?)
}

impl Servers {
    /// These servers, in a run of this name.
    pub fn up(name: &str, wanted: &[&str]) -> Result<Self> {
        Self::up_with(name, wanted, &[])
    }

    /// [`up`](Self::up), with these further variables for `scripts/servers`.
    pub fn up_with(name: &str, wanted: &[&str], env: &[(&str, String)]) -> Result<Self> {
        let own = std::process::id().to_string();
        let run = format!("{name}-{own}");
        let args = [&["up", "--owner", &own], wanted].concat();
        script(&run, &args, env)?;
        // From here on dropping it stops the servers.
        let mut servers = Self {
            run,
            postgres: String::new(),
            kafka: String::new(),
            mongodb: String::new(),
            redis: String::new(),
        };
        let env: Value = serde_json::from_str(&script(&servers.run, &["env", "--json"], &[])?)?;
        let address = |server: &str, variable: &str| match wanted.contains(&server) {
            true => {
                env[variable].as_str().map(str::to_owned).with_context(|| format!("no {variable} in {env}"))
            }
            false => Ok(String::new()),
        };
        servers.postgres = address("postgres", "CHORALE_TEST_POSTGRES")?;
        servers.kafka = address("kafka", "CHORALE_TEST_KAFKA")?;
        servers.mongodb = address("mongodb", "CHORALE_TEST_MONGODB")?;
        servers.redis = address("redis", "CHORALE_TEST_REDIS")?;
        Ok(servers)
    }

    /// Runs a command of Redis. Answers its reply as text.
    pub async fn redis_command(&self, command: &[&str]) -> Result<String> {
        let client = redis::Client::open(self.redis.as_str())?;
        let mut connection = client.get_multiplexed_async_connection().await?;
        let (name, arguments) = command.split_first().context("no command")?;
        Ok(redis::cmd(name).arg(arguments).query_async(&mut connection).await?)
    }

    /// The id of Redis's process.
    pub async fn redis_process(&self) -> Result<String> {
        let info = self.redis_command(&["INFO", "server"]).await?;
        let line = info.lines().find_map(|line| line.strip_prefix("process_id:"));
        Ok(line.context("no process id")?.trim().to_owned())
    }

    /// Kills a server with SIGKILL, and starts it on the same data and port.
    pub fn crash(&self, server: &str) -> Result<()> {
        script(&self.run, &["restart", server, "--kill"], &[]).map(drop)
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if let Err(error) = script(&self.run, &["down", "--kill"], &[]) {
            eprintln!("{error:#}");
        }
    }
}

/// A Python with the packages that the auditor's example needs.
pub fn python() -> Result<PathBuf> {
    match std::env::var("CHORALE_TEST_PYTHON") {
        Ok(path) => Ok(PathBuf::from(path)),
        Err(_) => Ok(Path::new(script("python", &["python"], &[])?.trim()).to_owned()),
    }
}
