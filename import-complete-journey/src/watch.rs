//! Shows the progress of an import: on a terminal a bar with rate and time left, elsewhere an occasional line.

use std::io::{IsTerminal, stderr};
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;
use platform::output;
use schemas::Timestamp;
use tokio::time::Instant;

/// Time between two lines if there is no terminal.
const EVERY: Duration = Duration::from_secs(10);

/// Shows the progress of one part of an import.
pub(crate) struct Watch {
    bar: ProgressBar,
    plain: bool,
    what: &'static str,
    begun: (Instant, u64),
    reported: Mutex<Instant>,
}

impl Watch {
    /// A part of `total` steps, of which `done` are done.
    pub fn new(what: &'static str, total: usize, done: usize) -> Result<Self> {
        let plain = !stderr().is_terminal();
        let target = if plain { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target).with_position(done as u64);
        let template = "{prefix} {wide_bar} {pos}/{len}  {per_sec}  ETA {eta}  {msg}";
        bar.set_style(ProgressStyle::with_template(template)?);
        bar.set_prefix(what);
        let now = Instant::now();
        Ok(Self { bar, plain, what, begun: (now, done as u64), reported: Mutex::new(now) })
    }

    /// One more step is done.
    pub fn step(&self) {
        self.bar.inc(1);
        self.tell("");
    }

    /// `done` steps are done; the shop's clock shows `now`.
    pub fn at(&self, done: usize, now: Timestamp) {
        self.bar.set_position(done as u64);
        let moment = now.to_string().chars().take(16).collect::<String>().replace('T', " ");
        self.tell(&format!("; the shop's clock shows {moment}"));
        self.bar.set_message(moment);
    }

    /// So many of so many steps are done, those of `part` now.
    pub fn part(&self, done: u64, total: u64, part: &'static str) {
        self.bar.set_length(total);
        self.bar.set_position(done);
        self.bar.set_message(part);
        self.tell(&format!("; {part}"));
    }

    fn tell(&self, more: &str) {
        let mut reported = self.reported.lock();
        if !self.plain || reported.elapsed() < EVERY {
            return;
        }
        *reported = Instant::now();
        let (since, before) = self.begun;
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let rate = (done - before) as f64 / since.elapsed().as_secs_f64();
        let left = if rate > 0.0 { ((total - done.min(total)) as f64 / rate).round() } else { 0.0 };
        output::note(format_args!(
            "{}: {done} of {total}, {rate:.1}/s, about {left} s left{more}",
            self.what
        ));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
