//! Measurements.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One turn of a contender.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sample {
    /// Operations per second.
    pub per_second: f64,
    /// Median duration of a call, in milliseconds.
    #[serde(default)]
    pub p50: Option<f64>,
    /// 95th percentile of the duration, in milliseconds.
    #[serde(default)]
    pub p95: Option<f64>,
    /// 99th percentile of the duration, in milliseconds.
    #[serde(default)]
    pub p99: Option<f64>,
    /// Processor time of the contender per operation, in milliseconds.
    #[serde(default)]
    pub processor: Option<f64>,
}

impl Sample {
    pub fn rate(count: u64, time: Duration) -> Self {
        Self { per_second: count as f64 / time.as_secs_f64(), ..Self::default() }
    }

    /// A rate, and the durations of the calls.
    pub fn timed(count: u64, time: Duration, calls: Vec<Duration>) -> Self {
        Self { per_second: count as f64 / time.as_secs_f64(), ..Self::calls(calls) }
    }

    /// The durations of the calls.
    pub fn calls(mut calls: Vec<Duration>) -> Self {
        calls.sort_unstable();
        let at = |share: usize| {
            calls
                .get((calls.len() * share / 100).min(calls.len().saturating_sub(1)))
                .map(|time| millis(*time))
        };
        Self { p50: at(50), p95: at(95), p99: at(99), ..Self::default() }
    }
}

pub fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// All turns of all contenders, by name.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Samples(pub BTreeMap<String, Vec<Sample>>);

impl Samples {
    pub fn add(&mut self, contender: &str, sample: Sample) {
        let ms = |time: Option<f64>| time.map_or_else(|| "–".to_owned(), |time| format!("{time:.2} ms"));
        let Sample { per_second, p50, p99, .. } = sample;
        eprintln!("  {contender:<60} {per_second:>9.0}/s   p50 {:>9}   p99 {:>9}", ms(p50), ms(p99));
        self.0.entry(contender.to_owned()).or_default().push(sample);
    }

    /// The median over a contender's turns.
    pub fn median(&self, contender: &str, of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        median(self.0.get(contender)?.iter().filter_map(of).collect())
    }

    /// The median of the ratios of turns taken in the same round.
    pub fn ratio(&self, above: &str, below: &str, of: impl Fn(&Sample) -> Option<f64>) -> Option<f64> {
        let (above, below) = (self.0.get(above)?, self.0.get(below)?);
        median(above.iter().zip(below).filter_map(|(a, b)| Some(of(a)? / of(b)?)).collect())
    }
}

/// The middle value, or the mean of the two middle values.
pub fn median(mut numbers: Vec<f64>) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len() / 2;
    match numbers.len() % 2 {
        1 => numbers.get(middle).copied(),
        _ => Some((numbers.get(middle.checked_sub(1)?)? + numbers.get(middle)?) / 2.0),
    }
}
