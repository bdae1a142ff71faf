//! Interpreters for the checks with other people's client libraries.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// A Node.js, after the packages of `e2e/node` are installed.
pub fn node() -> Result<PathBuf> {
    interpreter("CHORALE_TEST_NODE", "node")
}

/// A Python, after the packages of `scripts/requirements.txt` are installed.
pub fn python() -> Result<PathBuf> {
    interpreter("CHORALE_TEST_PYTHON", "python")
}

/// A directory with programs of other people that read topics: `jars` and `python`.
pub fn sinks() -> Result<PathBuf> {
    interpreter("CHORALE_TEST_SINKS", "sinks")
}

fn interpreter(variable: &str, name: &str) -> Result<PathBuf> {
    if let Some(given) = std::env::var_os(variable) {
        return Ok(given.into());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/servers");
    let output = Command::new(script).arg(name).output().context("scripts/servers cannot be started")?;
    ensure!(output.status.success(), "scripts/servers {name}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().into())
}
