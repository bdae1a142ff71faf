//! What the disk needs to make a page durable: the floor of every commit.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::sample::Sample;

/// A page of PostgreSQL's log.
const PAGE: usize = 8_192;
/// One of its files, written before: they are used again and again.
const FILE: usize = 16 << 20;

/// Writes pages one after another into a file in `folder`, each made durable by fdatasync.
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
