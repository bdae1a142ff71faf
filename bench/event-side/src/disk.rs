//! The time that the disk needs to make a page durable: the lower limit of every commit.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;
use measure::Sample;

/// A page of PostgreSQL's log.
const PAGE: usize = 8_192;
/// Size of one of its files. It is written before the measurement, because PostgreSQL reuses its files.
const FILE: usize = 16 << 20;

/// Writes pages one after another to a file in `folder`, with an fdatasync for each.
pub fn sync(folder: &Path, time: Duration) -> Outcome<Sample> {
    let file: File = tempfile::tempfile_in(folder)?;
    file.write_all_at(&vec![1; FILE], 0)?;
    file.sync_all()?;
    let (page, start, mut calls) = ([2; PAGE], Instant::now(), Vec::new());
    while start.elapsed() < time {
        let call = Instant::now();
        file.write_all_at(&page, (calls.len() * PAGE % FILE) as u64)?;
        file.sync_data()?;
        calls.push(call.elapsed());
    }
    Ok(Sample::timed(calls.len() as u64, start.elapsed(), calls))
}
