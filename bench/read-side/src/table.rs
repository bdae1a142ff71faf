//! The goals, and the results of this run.

use measure::{Options, Row, Samples, Wanted, shown};

use crate::lists::{CONNECTIONS, LISTS, PLAIN, kept, named, ours, unseen};
use crate::peers::{APOLLO, MERCURIUS, YOGA};
use crate::place::Place;
use crate::{Outcome, pages, replay};

const STORES: [&str; 3] = ["SQLite", "MongoDB", "MongoDB and Redis"];

fn rows(samples: &Samples) -> Vec<Row> {
    let mut rows = Vec::new();
    for store in &STORES[..2] {
        let [ours, raw] = replay::names(store);
        rows.push(Row::rates(samples, "P7", &ours, &raw, 0.5, 0.8));
    }
    for list in &LISTS {
        for connections in CONNECTIONS {
            let named = |contender: &str| named(contender, list, connections);
            for store in STORES {
                rows.push(Row::rates(samples, "P9", &named(&ours(store)), &named(PLAIN), 0.45, 0.65));
                rows.push(Row::rates(samples, "P9", &named(&kept(store)), &named(PLAIN), 0.45, 0.65));
                rows.push(Row::rates(samples, "P10", &named(&unseen(store)), &named(PLAIN), 0.2, 0.26));
            }
            let embedded = named(&ours(STORES[0]));
            rows.push(Row::rates(samples, "P9", &embedded, &named(MERCURIUS), 2.0, 3.2));
            rows.push(Row::rates(samples, "P9", &embedded, &named(APOLLO), 9.0, 15.0));
            rows.push(Row::rates(samples, "P9", &embedded, &named(YOGA), 9.0, 15.0));
        }
    }
    for store in &STORES[..2] {
        let calls = pages::calls(store);
        rows.push(Row {
            goal: "P13",
            found: samples.median(&calls, |sample| Some(sample.per_second)),
            what: calls,
            unit: "",
            wanted: Wanted::AtMost,
            gate: 3.0,
            target: 2.0,
            sides: ["–".to_owned(), "–".to_owned()],
        });
        let [few, many] = pages::lengths(store);
        rows.push(Row {
            goal: "P14",
            what: format!("{many} ÷ short list: p95"),
            found: samples.ratio(&many, &few, |sample| sample.p95),
            unit: "",
            wanted: Wanted::AtMost,
            gate: 2.0,
            target: 1.2,
            sides: [shown(samples, &many), shown(samples, &few)],
        });
    }
    rows
}

/// Prints the table, and writes all samples to a file.
pub fn print(options: &Options, place: &Place, samples: &Samples) -> Outcome<()> {
    let rows: Vec<Row> = rows(samples).into_iter().filter(|row| options.wants(row.goal)).collect();
    Ok(measure::write(&rows, samples, options.quick, &place.described()?, options.json.as_deref())?)
}
