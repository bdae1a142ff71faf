//! `chorale projections rebuild`: builds a projection next to the live one, shows how both differ, and switches.

use std::io::{self, Write};

use anyhow::{Result, anyhow};
use projectors::{Change, Compared, Decision, Difference, RebuildError};
use serde_json::{Value, json};

use super::{ReadOnlyShop, backends, named, writable};
use crate::progress::{progress_bar, show_rebuild};
use crate::table;

/// When the new generation becomes live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// If the documents are equal, or differ because their shape was raised.
    IfExpected,
    /// Also if documents of the same shape differ.
    Always,
    /// Never: the new generation is dropped.
    Never,
}

impl Switch {
    fn decide(self, compared: &Compared) -> Decision {
        match self {
            Self::IfExpected => compared.if_expected(),
            Self::Always => Decision::Switch,
            Self::Never => Decision::Drop,
        }
    }
}

/// Rebuilds a projection next to the live one, and prints how both compare before it switches. Answers `false` if it was only to
/// compare and found documents of the same shape that differ.
pub async fn rebuild(
    shop: &ReadOnlyShop,
    name: &str,
    switch: Switch,
    as_json: bool,
    out: &mut (impl Write + Send),
) -> Result<bool> {
    let projection = named(name)?;
    let store = writable(shop).await?;
    let bar = progress_bar(0, name);
    let mut printed = Ok(());
    let mut as_expected = true;
    let decide = |compared: &Compared| {
        bar.finish_and_clear();
        let decision = switch.decide(compared);
        as_expected = compared.if_expected() == Decision::Switch;
        printed = print(out, name, compared, decision, as_json);
        decision
    };
    let rebuilt =
        projectors::rebuild_if(projection, &backends(shop, store), decide, show_rebuild(&bar)).await;
    bar.finish_and_clear();
    printed?;
    let rebuilt = match rebuilt {
        Err(error @ RebuildError::Different { .. }) => {
            return Err(anyhow!(
                "{error}. If the new documents are right, rebuild with --accept-differences; if the live ones were changed by \
                 hand, use `chorale projections verify {name} --repair`"
            ));
        }
        rebuilt => rebuilt?,
    };
    if !as_json {
        match rebuilt.switched {
            true => writeln!(out, "Generation {} is now live.", rebuilt.generation)?,
            false => writeln!(out, "Nothing was switched.")?,
        }
    }
    Ok(rebuilt.switched || as_expected)
}

/// Before the switch, so that an operator sees the differences even if it fails.
fn print(
    out: &mut impl Write,
    name: &str,
    compared: &Compared,
    decision: Decision,
    as_json: bool,
) -> io::Result<()> {
    match as_json {
        true => table::json(out, &as_value(name, compared, decision))?,
        false => as_text(out, name, compared)?,
    }
    out.flush()
}

/// Counts of documents by how the new ones differ from the live ones, in the order of the output.
fn counts(compared: &Compared) -> [(&'static str, u64); 3] {
    let count = |difference| compared.different.get(&difference).copied().unwrap_or(0);
    [
        ("changed", count(Difference::Altered) + count(Difference::Stale)),
        ("added", count(Difference::Missing)),
        ("removed", count(Difference::Surplus)),
    ]
}

fn change(change: Change) -> &'static str {
    match change {
        Change::Added => "added",
        Change::Removed => "removed",
        Change::Changed => "changed",
    }
}

fn as_value(name: &str, compared: &Compared, decision: Decision) -> Value {
    let mut value = json!({
        "projection": name, "generation": compared.generation, "records": compared.records,
        "comparedWith": { "shape": compared.with.shape, "generation": compared.with.number },
        "compared": compared.equal, "uncompared": compared.uncompared, "digest": compared.digest,
        "ids": compared.ids, "otherFields": compared.other_fields, "switch": decision == Decision::Switch,
    });
    for (kind, count) in counts(compared) {
        value[kind] = count.into();
    }
    let fields = compared.fields.iter().map(|one| {
        json!({
            "field": one.field, "change": change(one.change), "documents": one.documents, "example": one.example,
        })
    });
    value["fields"] = fields.collect();
    value
}

fn as_text(out: &mut impl Write, name: &str, compared: &Compared) -> io::Result<()> {
    let with = match compared.raised_shape {
        true => format!("those of shape {}", compared.with.shape),
        false => "the live ones".to_owned(),
    };
    write!(
        out,
        "{name} was rebuilt from {} records. Documents compared with {with}: ",
        table::number(compared.records)
    )?;
    if compared.differences() == 0 {
        let digest = compared.digest.get(..16).unwrap_or(&compared.digest);
        write!(out, "{}, all equal (digest {digest}…)", table::number(compared.equal))?;
    } else {
        write!(out, "{} equal", table::number(compared.equal))?;
        for (kind, count) in counts(compared).into_iter().filter(|(_, count)| *count > 0) {
            write!(out, ", {} {kind}", table::number(count))?;
        }
    }
    if compared.uncompared > 0 {
        write!(out, "; {} could not be compared", table::number(compared.uncompared))?;
    }
    writeln!(out, ".")?;
    if !compared.fields.is_empty() {
        let row = |one: &projectors::FieldDifference| {
            let documents = table::number(one.documents);
            vec![one.field.clone(), change(one.change).to_owned(), documents, one.example.clone()]
        };
        let rows: Vec<Vec<String>> = compared.fields.iter().map(row).collect();
        table::print(out, &["field", "change", "documents>", "example"], &rows)?;
    }
    if compared.other_fields > 0 {
        writeln!(out, "Further fields differ in {} documents.", table::number(compared.other_fields))?;
    }
    Ok(())
}
