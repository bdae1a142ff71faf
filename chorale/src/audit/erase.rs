//! `chorale erase`: destroys the key of a subject, so that what was sealed for it can be read by nobody.

use std::io::Write;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use crate::data_dir::DataDir;
use crate::table;

/// Erases a subject's personal data for good. `subject` is a customer or a guest's order: `order-0198…`.
pub async fn run(
    data: &DataDir,
    subject: &str,
    yes: bool,
    as_json: bool,
    out: &mut impl Write,
) -> Result<()> {
    if !yes {
        bail!(
            "this cannot be undone: names, addresses and tokens of {subject} will be readable nowhere. Add --yes to do it"
        );
    }
    let vault = platform::vault::connect(&data.vault()).await.context("the key vault cannot be opened")?;
    let erased = vault.erase(subject).await.context("the key could not be destroyed")?;
    if as_json {
        table::json(out, &json!({ "subject": subject, "erased": erased }))?;
    } else if erased {
        writeln!(out, "The key of {subject} is destroyed. Events stay, and the log still verifies.")?;
    } else {
        writeln!(out, "{subject} had no key (any more); it will never get one.")?;
    }
    Ok(())
}
