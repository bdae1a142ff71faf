//! What the benchmarks share: samples of contenders that take turns, and goals as ratios between them.

mod goal;
mod options;
mod process;
mod sample;

pub use goal::{Row, Wanted, shown, write};
pub use options::Options;
pub use process::until_ready;
pub use sample::{Sample, Samples, median, millis};
