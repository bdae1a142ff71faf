//! Interpreters for the checks with other people's client libraries.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// A Node.js, after the packages of `e2e/node` are installed.
pub fn node() -> Result<PathBuf> {
    if let Some(node) = std::env::var_os("CHORALE_TEST_NODE") {
        return Ok(node.into());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/servers");
    let output = Command::new(script).arg("node").output().context("scripts/servers cannot be started")?;
    ensure!(output.status.success(), "scripts/servers node: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().into())
}
