//! `chorale vault`: the keys that personal data is encrypted with.

use std::io::Write;

use anyhow::{Result, ensure};
use platform::postgres::Address;
use platform::vault::postgres;
use serde_json::json;

use crate::stores::Place;
use crate::table;

/// Re-wraps all keys with the first wrapping key.
pub async fn rewrap(place: &Place, as_json: bool, out: &mut impl Write) -> Result<()> {
    let address = place.vault();
    ensure!(
        Address::is_one(&address),
        "the vault of this shop is a file, in which keys are not wrapped; nothing to do"
    );
    let done = postgres::rewrap(&address).await?;
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
