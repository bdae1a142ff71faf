//! The goals to measure, and the duration.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;

/// The options of the command line.
pub struct Options {
    /// A short test run instead of a measurement.
    pub quick: bool,
    /// Goals by their numbers; all if empty.
    only: Vec<String>,
    /// Measure only the effects of this number of events on a log.
    pub size: Option<u64>,
    /// Number of turns of each contender.
    pub rounds: usize,
    /// Duration of a contender's appends.
    pub time: Duration,
    /// Number of events that are relayed and replayed.
    pub events: u64,
    /// File for the raw results.
    pub json: Option<PathBuf>,
}

impl Options {
    /// `[--quick] [--only P1,P2] [--rounds N] [--json FILE] | --size EVENTS`
    pub fn from_arguments() -> Outcome<Self> {
        let (mut quick, mut only, mut size, mut rounds, mut json) = (false, Vec::new(), None, None, None);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => quick = true,
                "--only" => only = value()?.split(',').map(str::to_owned).collect(),
                "--rounds" => rounds = Some(value()?.parse()?),
                "--size" => size = Some(value()?.parse()?),
                "--json" => json = Some(PathBuf::from(value()?)),
                _ => return Err(format!("no such option: {argument}").into()),
            }
        }
        let known = ["P1", "P2", "P3", "P6", "P7", "P8", "P11", "P12"];
        if let Some(unknown) = only.iter().find(|goal| !known.contains(&goal.as_str())) {
            return Err(format!("unknown goal {unknown}; the goals are {}", known.join(", ")).into());
        }
        let (time, events) = if quick { (2, 50_000) } else { (5, 200_000) };
        let rounds = rounds.unwrap_or(if quick { 1 } else { 5 });
        Ok(Self { quick, only, size, rounds, time: Duration::from_secs(time), events, json })
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
