//! The progress of an import, stored beside the logs, so that an interrupted import need not repeat all commands. Repeated
//! commands would change nothing: the shop recognises them by their keys.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use schemas::Timestamp;
use serde::{Deserialize, Serialize};

use crate::baskets::Refused;

const MARK: &str = "import.json";
const REFUSED: &str = "import-refusals.jsonl";

/// The source of an import. An import that continues must have the same source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Source {
    /// The number of weeks; `None` for all.
    pub weeks: Option<u8>,
    pub seed: u64,
    /// One basket at a time.
    pub lockstep: bool,
}

/// The progress of an import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Mark {
    pub source: Source,
    /// Everything that was scheduled up to this instant is done, with all its consequences.
    pub instant: Timestamp,
    /// Number of baskets that are done, from the first on.
    pub baskets: usize,
    /// Number of weeks that have their prices and deliveries.
    pub weeks: u8,
    /// Duration so far, over all its runs, in milliseconds.
    pub millis: u64,
    /// Whether nothing is left to do.
    pub finished: bool,
}

/// A mark in a data directory, and the refusals so far.
pub(crate) struct Marker {
    folder: PathBuf,
    refused: BTreeSet<Refused>,
    unwritten: Vec<Refused>,
}

impl Marker {
    /// Reads the mark of an interrupted import of the same source, or creates one.
    pub fn find(folder: &Path, source: Source) -> Result<(Self, Mark)> {
        let file = folder.join(MARK);
        let begin =
            Mark { source, instant: Timestamp::EPOCH, baskets: 0, weeks: 0, millis: 0, finished: false };
        let mark = match fs::read_to_string(&file) {
            Ok(text) => {
                let broken =
                    || format!("{} is broken: restart the import in another directory", file.display());
                let mark: Mark = serde_json::from_str(&text).with_context(broken)?;
                ensure!(
                    mark.source == source,
                    "the import in {} was started with {}: continue with the same options, or choose another directory with --data-dir",
                    folder.display(),
                    flags(mark.source),
                );
                mark
            }
            Err(error) if error.kind() == ErrorKind::NotFound => begin,
            Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
        };
        let refused = read_refused(&folder.join(REFUSED))?;
        let mut marker = Self { folder: folder.to_owned(), refused, unwritten: Vec::new() };
        marker.keep(&mark)?;
        Ok((marker, mark))
    }

    /// Records refusals.
    pub fn refused(&mut self, refused: impl IntoIterator<Item = Refused>) {
        for one in refused {
            if self.refused.insert(one.clone()) {
                self.unwritten.push(one);
            }
        }
    }

    /// All refusals so far.
    pub fn all_refused(&self) -> &BTreeSet<Refused> {
        &self.refused
    }

    /// Stores the mark, after the refusals up to then.
    pub fn keep(&mut self, mark: &Mark) -> Result<()> {
        if !self.unwritten.is_empty() {
            let file = self.folder.join(REFUSED);
            append(&file, &self.unwritten)
                .with_context(|| format!("{} cannot be written", file.display()))?;
            self.unwritten.clear();
        }
        let (file, aside) = (self.folder.join(MARK), self.folder.join("import.json.new"));
        let text = serde_json::to_string_pretty(mark)? + "\n";
        let replaced = fs::write(&aside, text).and_then(|()| fs::rename(&aside, &file));
        replaced.with_context(|| format!("{} cannot be written", file.display()))
    }
}

fn flags(source: Source) -> String {
    let weeks = source.weeks.map_or_else(|| "all weeks".to_owned(), |weeks| format!("--weeks {weeks}"));
    let lockstep = if source.lockstep { "--lockstep" } else { "no --lockstep" };
    format!("{weeks}, --seed {} and {lockstep}", source.seed)
}

/// An import that continues writes an incomplete last line again.
fn read_refused(file: &Path) -> Result<BTreeSet<Refused>> {
    let text = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
    };
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn append(file: &Path, refused: &[Refused]) -> Result<()> {
    let mut lines = Vec::new();
    // After an incomplete line, begin a new one.
    if fs::read(file).is_ok_and(|bytes| bytes.last().is_some_and(|last| *last != b'\n')) {
        lines.push(b'\n');
    }
    for one in refused {
        serde_json::to_writer(&mut lines, one)?;
        lines.push(b'\n');
    }
    let mut file = File::options().create(true).append(true).open(file)?;
    file.write_all(&lines)?;
    file.sync_data()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(key: &str) -> Refused {
        let (code, message) = ("UNKNOWN_SKU".to_owned(), "No.".to_owned());
        Refused { key: key.to_owned(), line: Some(0), article: Some(1), quantity: Some(2), code, message }
    }

    #[test]
    fn an_interrupted_import_resumes_and_reports_all_refusals() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source { weeks: Some(4), seed: 1, lockstep: false };
        let (mut marker, mut mark) = Marker::find(folder.path(), source).unwrap();
        mark.baskets = 7;
        marker.refused([refused("1"), refused("1"), refused("2")]);
        marker.keep(&mark).unwrap();
        // The process was killed in the middle of a line.
        let mut file = File::options().append(true).open(folder.path().join(REFUSED)).unwrap();
        file.write_all(b"{\"key\":\"3\",").unwrap();
        let (mut marker, found) = Marker::find(folder.path(), source).unwrap();
        assert_eq!((found.baskets, marker.all_refused().len()), (7, 2));
        marker.refused([refused("2"), refused("3")]);
        marker.keep(&found).unwrap();
        let (marker, _) = Marker::find(folder.path(), source).unwrap();
        assert_eq!(marker.all_refused().len(), 3);
    }

    #[test]
    fn an_import_of_something_else_is_refused_and_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source { weeks: Some(4), seed: 1, lockstep: false };
        Marker::find(folder.path(), source).unwrap();
        let refused = Marker::find(folder.path(), Source { seed: 2, ..source }).err().unwrap();
        assert!(refused.to_string().contains("--weeks 4, --seed 1 and no --lockstep"), "{refused}");
    }
}
