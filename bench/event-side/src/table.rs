//! The goals, and the results of this run.

use serde_json::json;

use crate::options::Options;
use crate::place::Place;
use crate::sample::{Sample, Samples, median};
use crate::{Outcome, append, peers, relaying, replaying, shop};

/// Whether more is better.
#[derive(Clone, Copy)]
enum Wanted {
    AtLeast,
    AtMost,
}

/// A goal with its result.
struct Row {
    goal: &'static str,
    what: String,
    found: Option<f64>,
    unit: &'static str,
    wanted: Wanted,
    gate: f64,
    target: f64,
    /// Numerator and denominator of the ratio.
    sides: [String; 2],
}

impl Row {
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

/// A contender's median as text.
fn told(samples: &Samples, name: &str) -> String {
    let rate = samples.median(name, |sample| Some(sample.per_second)).filter(|rate| *rate > 0.0);
    let time = |of: fn(&Sample) -> Option<f64>| samples.median(name, of).map(|ms| format!("{ms:.2}"));
    let mut text = rate.map_or_else(String::new, |rate| format!("{rate:.0}/s"));
    if let (Some(p50), Some(p99)) = (time(|sample| sample.p50), time(|sample| sample.p99)) {
        text.push_str(&format!(" (p50 {p50} ms, p99 {p99} ms)"));
    }
    if text.is_empty() { "–".to_owned() } else { text.trim().to_owned() }
}

/// Rates of two contenders.
fn rates(samples: &Samples, goal: &'static str, above: &str, below: &str, gate: f64, target: f64) -> Row {
    Row {
        goal,
        what: format!("{above} ÷ {below}"),
        found: samples.ratio(above, below, |sample| Some(sample.per_second)),
        unit: "",
        wanted: Wanted::AtLeast,
        gate,
        target,
        sides: [told(samples, above), told(samples, below)],
    }
}

fn rows(samples: &Samples) -> Vec<Row> {
    let rates = |goal, above, below, gate, target| rates(samples, goal, above, below, gate, target);
    let mut rows = vec![
        rates("P1", append::ONE, append::RAW, 0.25, 0.4),
        rates("P1", append::THREE, append::RAW, 0.25, 0.4),
        rates("P2", append::ONE, peers::MESSAGE_DB, 8.0, 13.0),
        rates("P2", append::ONE, peers::EMMETT, 8.0, 12.0),
        rates("P2", append::ONE, peers::POSTGRES_ES, 3.5, 5.0),
        Row {
            found: samples.ratio(append::ALONE, append::DISK, |sample| sample.p50),
            wanted: Wanted::AtMost,
            what: "one caller: p50 of an append ÷ p50 of fdatasync".to_owned(),
            ..rates("P3", append::ALONE, append::DISK, 4.5, 2.2)
        },
    ];
    let rate = |name: &str| samples.median(name, |sample| Some(sample.per_second)).unwrap_or(f64::MAX);
    let read_is_slower = rate(relaying::READ) < rate(relaying::PRODUCE);
    let slower = if read_is_slower { relaying::READ } else { relaying::PRODUCE };
    rows.push(rates("P6", relaying::RELAY, slower, 0.4, 0.7));
    rows.push(rates("P7", replaying::ONE, replaying::RAW, 0.5, 0.75));
    rows.push(rates("P7", replaying::LOG, replaying::RAW_LOG, 0.5, 0.75));
    rows.push(rates("P8", replaying::TWO, replaying::ONE, 1.4, 1.7));
    for shape in shop::SHAPES {
        rows.extend(of_shop(samples, shape.name));
    }
    rows
}

/// P11 and P12 of a shop.
fn of_shop(samples: &Samples, shape: &str) -> [Row; 3] {
    let [visible, confirmed, sustained] = shop::names(shape);
    let p99 =
        |name: &str| samples.0.get(name).map(|turns| turns.iter().filter_map(|turn| turn.p99).collect());
    let above = |name: &str, below: &str| {
        let (above, below): (Vec<f64>, Vec<f64>) = (p99(name)?, p99(below)?);
        median(above.iter().zip(below).map(|(above, below)| above - below).collect())
    };
    let limit = |goal, what: String, found, gate, target, sides| {
        let (unit, wanted) = (" ms", Wanted::AtMost);
        Row { goal, what, found, unit, wanted, gate, target, sides }
    };
    let none = || "–".to_owned();
    [
        limit(
            "P11",
            format!("{visible}: p99 above raw produce → consume"),
            above(&visible, shop::RAW),
            20.0,
            8.0,
            [told(samples, &visible), told(samples, shop::RAW)],
        ),
        limit(
            "P12",
            format!("{confirmed}: p99"),
            samples.median(&confirmed, |sample| sample.p99),
            150.0,
            50.0,
            [told(samples, &confirmed), none()],
        ),
        Row {
            unit: "/s",
            wanted: Wanted::AtLeast,
            ..limit(
                "P12",
                sustained.clone(),
                samples.median(&sustained, |sample| Some(sample.per_second)),
                500.0,
                2_000.0,
                [told(samples, &sustained), none()],
            )
        },
    ]
}

/// Prints the table, and writes all samples to a file.
pub async fn print(options: &Options, place: &Place, samples: &Samples) -> Outcome<()> {
    let rows: Vec<Row> = rows(samples).into_iter().filter(|row| options.wants(row.goal)).collect();
    println!("\n| | what | found | gate; target | | above | below |\n|---|---|---|---|---|---|---|");
    for row in &rows {
        println!("{}", row.line());
    }
    let Some(file) = &options.json else { return Ok(()) };
    let goals: Vec<_> = rows
        .iter()
        .map(|row| json!({"goal": row.goal, "what": row.what, "found": row.found, "gate": row.gate, "target": row.target, "verdict": row.verdict()}))
        .collect();
    let all =
        json!({"quick": options.quick, "place": place.told().await?, "goals": goals, "samples": samples});
    std::fs::write(file, serde_json::to_vec_pretty(&all)?)?;
    println!("\nAll samples: {}", file.display());
    Ok(())
}
