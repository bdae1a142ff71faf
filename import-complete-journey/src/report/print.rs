//! The report for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use chorale::table::{self, number};

use super::{Report, Week};

/// Length of the longest bar, in characters.
const WIDTH: i64 = 40;

impl Report {
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{} products, {} baskets with {} lines, {} orders, {} events\n",
            number(self.products as u64),
            number(self.baskets as u64),
            number(self.lines as u64),
            number(self.orders as u64),
            number(self.events_in_all),
        )?;
        counts(out, "orders, by final status", &self.outcomes)?;
        weeks(out, &self.weeks)?;
        counts(out, "refused lines and commands, by code", &self.refusals)?;
        writeln!(
            out,
            "Each refusal, with key and reason, is in import-refusals.jsonl in the data directory.\n"
        )?;
        counts(out, "events, by type", &self.events)?;
        self.machine(out)?;
        writeln!(out)?;
        for statement in &self.statements {
            let mark = if statement.holds { "✓" } else { "✗ NOT TRUE:" };
            writeln!(out, "{mark} {} ({})", statement.name, statement.detail)?;
        }
        if self.parked > 0 {
            writeln!(out, "{} reactions are parked; `chorale parked list` shows them", self.parked)?;
        }
        Ok(())
    }

    fn machine(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{:.0} s: {:.1} orders/s, {:.0} events/s. The read side caught up {:.0} s later; checking took {:.0} s.",
            self.seconds,
            self.orders_per_second,
            self.events_per_second,
            self.catching_up_seconds,
            self.checking_seconds,
        )?;
        let megabytes = |bytes: u64| number(bytes / 1_000_000);
        let memory = self.peak_memory_bytes.map_or_else(|| "?".to_owned(), megabytes);
        writeln!(out, "Peak memory {memory} MB, on disk {} MB.", megabytes(self.disk_bytes))
    }
}

fn counts(out: &mut impl Write, heading: &str, counts: &BTreeMap<String, u64>) -> io::Result<()> {
    let rows: Vec<_> = counts.iter().map(|(name, count)| vec![name.clone(), number(*count)]).collect();
    table::print(out, &[heading, "number>"], &rows)?;
    writeln!(out)
}

fn weeks(out: &mut impl Write, weeks: &[Week]) -> io::Result<()> {
    let most = weeks.iter().map(|week| week.shop).max().unwrap_or(0).max(1);
    let dollars = |cents: i64| number(u64::try_from(cents / 100).unwrap_or(0));
    let rows: Vec<_> = weeks
        .iter()
        .map(|week| {
            let bar = usize::try_from(week.shop * WIDTH / most).unwrap_or(0);
            vec![
                week.number.to_string(),
                number(week.orders),
                dollars(week.shop),
                dollars(week.till),
                dollars(week.regular),
                "█".repeat(bar),
            ]
        })
        .collect();
    table::print(out, &["week>", "orders>", "shop $>", "till $>", "till without discounts $>", ""], &rows)?;
    writeln!(out)
}
