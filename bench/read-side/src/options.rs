//! The goals to measure, and how long.

use std::path::PathBuf;
use std::time::Duration;

use crate::Outcome;

/// The goals of this program.
const GOALS: [&str; 5] = ["P7", "P9", "P10", "P13", "P14"];

/// The options of the command line.
pub struct Options {
    /// A short test run instead of a measurement.
    pub quick: bool,
    /// Goals by their numbers; all if empty.
    only: Vec<String>,
    /// Number of turns of each contender.
    pub rounds: usize,
    /// Duration of a contender's turn under load.
    pub time: Duration,
    /// Number of orders in the longer list of P14.
    pub orders: usize,
    /// File for the raw results.
    pub json: Option<PathBuf>,
}

impl Options {
    /// `[--quick] [--only P7,P9] [--rounds N] [--orders N] [--json FILE]`
    pub fn from_arguments() -> Outcome<Self> {
        let (mut quick, mut only, mut rounds, mut orders, mut json) = (false, Vec::new(), None, None, None);
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => quick = true,
                "--only" => only = value()?.split(',').map(str::to_owned).collect(),
                "--rounds" => rounds = Some(value()?.parse()?),
                "--orders" => orders = Some(value()?.parse()?),
                "--json" => json = Some(PathBuf::from(value()?)),
                _ => return Err(format!("no such option: {argument}").into()),
            }
        }
        if let Some(unknown) = only.iter().find(|goal| !GOALS.contains(&goal.as_str())) {
            return Err(format!("unknown goal {unknown}; the goals are {}", GOALS.join(", ")).into());
        }
        let (time, most) = if quick { (2, 20_000) } else { (5, 1_000_000) };
        Ok(Self {
            quick,
            only,
            rounds: rounds.unwrap_or(if quick { 1 } else { 3 }),
            time: Duration::from_secs(time),
            orders: orders.unwrap_or(most),
            json,
        })
    }

    /// Whether a goal is to be measured.
    pub fn wants(&self, goal: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == goal)
    }
}
