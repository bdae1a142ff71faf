//! `chorale vault`: the keys that personal data is encrypted with.

use std::io::Write;

use anyhow::{Result, ensure};
use platform::servers::is_postgres;

use crate::stores::StoreLocations;

/// Re-wraps all keys with the first wrapping key.
pub async fn rewrap(locations: &StoreLocations, as_json: bool, out: &mut impl Write) -> Result<()> {
    let address = locations.vault();
    ensure!(
        is_postgres(&address),
        "the vault of this shop is a file, in which keys are not wrapped; nothing to do"
    );
    rewrap_on_server(&address, as_json, out).await
}

#[cfg(not(feature = "servers"))]
async fn rewrap_on_server(_: &str, _: bool, _: &mut impl Write) -> Result<()> {
    Err(platform::servers::NoClient::POSTGRESQL.into())
}

#[cfg(feature = "servers")]
async fn rewrap_on_server(address: &str, as_json: bool, out: &mut impl Write) -> Result<()> {
    use serde_json::json;

    use crate::table;

    let done = platform::vault::postgres::rewrap(address).await?;
    if as_json {
        return Ok(table::json(out, &json!({ "keys": done.keys, "retired": done.retired }))?);
    }
    writeln!(out, "{} keys were re-wrapped.", table::number(done.keys))?;
    match done.retired.as_slice() {
        [] => writeln!(out, "No other wrapping key is in use.")?,
        retired => writeln!(out, "No longer in use: {}. Destroy the retired keys.", retired.join(", "))?,
    }
    Ok(())
}
