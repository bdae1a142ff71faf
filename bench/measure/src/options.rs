//! The options that all benchmarks have.

use std::path::PathBuf;
use std::time::Duration;

/// The goals to measure, and how long.
pub struct Options {
    /// A short test run instead of a measurement.
    pub quick: bool,
    /// Goals by their numbers; all if empty.
    only: Vec<String>,
    /// Number of turns of each contender.
    pub rounds: usize,
    /// Duration of a contender's turn.
    pub time: Duration,
    /// File for the raw results.
    pub json: Option<PathBuf>,
    /// The number after the benchmark's own flag.
    pub number: Option<u64>,
}

impl Options {
    /// `[--quick] [--only P1,P2] [--rounds N] [--json FILE] [FLAG NUMBER]`, where `goals` are all goals, `flag` is the
    /// benchmark's own flag, and `rounds` is the default.
    pub fn from_arguments(
        goals: &[&str],
        flag: &str,
        rounds: usize,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let (mut quick, mut only, mut number, mut given, mut json) = (false, Vec::new(), None, None, None);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => quick = true,
                "--only" => only = value()?.split(',').map(str::to_owned).collect(),
                "--rounds" => given = Some(value()?.parse()?),
                "--json" => json = Some(PathBuf::from(value()?)),
                own if own == flag => number = Some(value()?.parse()?),
                _ => return Err(format!("no such option: {argument}").into()),
            }
        }
        if let Some(unknown) = only.iter().find(|goal| !goals.contains(&goal.as_str())) {
            return Err(format!("unknown goal {unknown}; the goals are {}", goals.join(", ")).into());
        }
        let rounds = given.unwrap_or(if quick { 1 } else { rounds });
        Ok(Self { quick, only, rounds, time: Duration::from_secs(if quick { 2 } else { 5 }), json, number })
    }

    /// Whether a goal is to be measured.
    pub fn wants(&self, goal: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == goal)
    }

    /// Whether any of these goals is to be measured.
    pub fn wants_any(&self, goals: &[&str]) -> bool {
        goals.iter().any(|goal| self.wants(goal))
    }
}
