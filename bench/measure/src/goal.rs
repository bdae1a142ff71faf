//! Goals, and the results of a run.

use std::path::Path;

use serde_json::json;

use crate::sample::{Sample, Samples};

/// Whether more is better.
#[derive(Clone, Copy)]
pub enum Wanted {
    AtLeast,
    AtMost,
}

/// A goal with its result.
pub struct Row {
    pub goal: &'static str,
    pub what: String,
    /// `None` if one of the contenders did not run.
    pub found: Option<f64>,
    pub unit: &'static str,
    pub wanted: Wanted,
    pub gate: f64,
    pub target: f64,
    /// Numerator and denominator of the ratio.
    pub sides: [String; 2],
}

impl Row {
    /// The ratio of two contenders' rates, which should be large.
    pub fn rates(
        samples: &Samples,
        goal: &'static str,
        above: &str,
        below: &str,
        gate: f64,
        target: f64,
    ) -> Self {
        Self {
            goal,
            what: format!("{above} ÷ {below}"),
            found: samples.ratio(above, below, |sample| Some(sample.per_second)),
            unit: "",
            wanted: Wanted::AtLeast,
            gate,
            target,
            sides: [shown(samples, above), shown(samples, below)],
        }
    }

    fn verdict(&self) -> &'static str {
        let holds = |found: f64, bound: f64| match self.wanted {
            Wanted::AtLeast => found >= bound,
            Wanted::AtMost => found <= bound,
        };
        match self.found {
            None => "not measured",
            Some(found) if holds(found, self.target) => "target",
            Some(found) if holds(found, self.gate) => "gate",
            Some(_) => "MISS",
        }
    }

    fn line(&self) -> String {
        let found = self.found.map_or_else(|| "–".to_owned(), |found| format!("{found:.2}{}", self.unit));
        let sign = match self.wanted {
            Wanted::AtLeast => "≥",
            Wanted::AtMost => "≤",
        };
        let Self { goal, what, gate, target, sides: [above, below], .. } = self;
        let verdict = self.verdict();
        format!("| {goal} | {what} | **{found}** | {sign} {gate}; {target} | {verdict} | {above} | {below} |")
    }
}

/// A contender's medians as text.
pub fn shown(samples: &Samples, name: &str) -> String {
    let rate = samples.median(name, |sample| Some(sample.per_second)).filter(|rate| *rate > 0.0);
    let time = |of: fn(&Sample) -> Option<f64>| samples.median(name, of).map(|ms| format!("{ms:.2}"));
    let mut text = rate.map_or_else(String::new, |rate| format!("{rate:.0}/s"));
    if let (Some(p50), Some(p99)) = (time(|sample| sample.p50), time(|sample| sample.p99)) {
        text.push_str(&format!(" (p50 {p50} ms, p99 {p99} ms)"));
    }
    if let Some(processor) = time(|sample| sample.processor) {
        text.push_str(&format!(", {processor} ms of processor time each"));
    }
    if text.is_empty() { "–".to_owned() } else { text.trim().to_owned() }
}

/// Prints the table of goals, and writes all samples to `file`. `place` describes machine and servers.
pub fn write(
    rows: &[Row],
    samples: &Samples,
    quick: bool,
    place: &str,
    file: Option<&Path>,
) -> std::io::Result<()> {
    println!("\n| | what | found | gate; target | | above | below |\n|---|---|---|---|---|---|---|");
    for row in rows {
        println!("{}", row.line());
    }
    let Some(file) = file else { return Ok(()) };
    let goals: Vec<_> = rows
        .iter()
        .map(|row| json!({"goal": row.goal, "what": row.what, "found": row.found, "gate": row.gate, "target": row.target, "verdict": row.verdict()}))
        .collect();
    let all = json!({"quick": quick, "place": place, "goals": goals, "samples": samples});
    std::fs::write(file, serde_json::to_vec_pretty(&all)?)?;
    println!("\nAll samples: {}", file.display());
    Ok(())
}
