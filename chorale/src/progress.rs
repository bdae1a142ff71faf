//! The progress bar of long commands.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};
use projectors::rebuild::{Phase, Progress};

/// A progress bar with rate and remaining time; hidden unless standard error is a terminal.
pub fn progress_bar(total: u64, what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    match ProgressStyle::with_template("{msg:12} {bar:30} {human_pos}/{human_len}  {per_sec}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// Shows the progress of a rebuild on a bar: first the records that are applied, then the documents that are compared.
pub fn show_rebuild(bar: &ProgressBar) -> impl FnMut(Progress) + Send + use<> {
    let (bar, mut phase) = (bar.clone(), Phase::Building);
    move |progress| {
        if progress.phase != phase {
            phase = progress.phase;
            // Rate and time left are of documents from here on.
            bar.reset();
            bar.set_message(format!("{} (comparing)", bar.message()));
        }
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    }
}
