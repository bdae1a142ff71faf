//! The goals, and the results of this run.

use crate::place::Place;
use crate::{Outcome, append, peers, relaying, replaying, shop};
use measure::{Options, Row, Samples, Wanted, median, shown};

fn rows(samples: &Samples) -> Vec<Row> {
    let rates = |goal, above, below, gate, target| Row::rates(samples, goal, above, below, gate, target);
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
            [shown(samples, &visible), shown(samples, shop::RAW)],
        ),
        limit(
            "P12",
            format!("{confirmed}: p99"),
            samples.median(&confirmed, |sample| sample.p99),
            150.0,
            50.0,
            [shown(samples, &confirmed), none()],
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
                [shown(samples, &sustained), none()],
            )
        },
    ]
}

/// Prints the table, and writes all samples to a file.
pub async fn print(options: &Options, place: &Place, samples: &Samples) -> Outcome<()> {
    let rows: Vec<Row> = rows(samples).into_iter().filter(|row| options.wants(row.goal)).collect();
    let place = place.told().await?;
    Ok(measure::write(&rows, samples, options.quick, &place, options.json.as_deref())?)
}
