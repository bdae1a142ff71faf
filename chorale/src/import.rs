//! `chorale import complete-journey`: a grocer's year of real baskets becomes a year of a shop. Everything goes through the
//! commands that a shop would use, under keys made from the data's own, so an import that was interrupted goes on without doubles.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use domain::ShopRules;
use platform::clock::DrivenClock;
use platform::shutdown::Shutdown;
use schemas::{Currency, Timestamp};

use crate::about::{Kind, Want};
use crate::shop::{Only, Shop, ShopOptions};
use crate::stores::Stores;

mod acting;
mod baskets;
mod catalogue;
mod columns;
mod diary;
mod dice;
mod drive;
mod fate;
mod mark;
mod people;
mod planting;
mod prices;
mod report;
mod supply;
mod watch;
mod year;

use dice::Dice;
use drive::{Drive, Ended, Plan};
use mark::{Marker, Source};
use report::Report;
use year::Year;

/// `chorale import complete-journey …`
#[derive(Args, Clone, Debug)]
pub struct ImportArgs {
    /// The folder with the Parquet files: the one that examples/complete-journey/fetch.sh prints.
    pub folder: PathBuf,
    /// Import the first so many weeks, and only products that are in their baskets; all weeks and products where it is not said.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=53))]
    pub weeks: Option<u8>,
    /// One basket at a time, each to its end: the same input and seed give the same payloads in every stream.
    #[arg(long)]
    pub lockstep: bool,
    /// Decides who is declined, who cancels, what gets lost.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Stop with the last basket, while orders are still on their way, instead of going on until every order is over.
    #[arg(long)]
    pub no_afterwards: bool,
    /// Only drive: relay, reactors and projectors of this shop run as processes of their own, on the same addresses.
    #[arg(long)]
    pub drive_only: bool,
    /// The report as one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// How long the read side may take to catch up at the end.
const CATCHING_UP: Duration = Duration::from_hours(12);
/// The most of one product in one order. Petrol is counted in thousandths of a gallon, so this refuses it.
const MAX_PER_ORDER: u32 = 100;

/// Imports, checks the statements that must hold of every shop, and reports. `false`: one does not hold, or somebody stopped it.
pub async fn run(data_dir: &Path, stores: &Stores, args: &ImportArgs, out: &mut impl Write) -> Result<bool> {
    let stop = Shutdown::on_signals()?;
    let mut year = Year::read(&args.folder, args.weeks)?;
    if args.weeks.is_some() {
        year.only_what_was_bought();
    }
    let clock = DrivenClock::new(Timestamp::EPOCH);
    let shop = Shop::open(data_dir, options(&clock, stores, args.seed)).await?;
    let source = Source { weeks: args.weeks, seed: args.seed, lockstep: args.lockstep };
    let (mut marker, mark) = Marker::find(shop.place.data.path(), source)?;
    let dice = Dice::new(args.seed);
    let plan = Plan {
        prices: prices::of(&year),
        deliveries: supply::of(&year, MAX_PER_ORDER, dice),
        year,
        dice,
        lockstep: args.lockstep,
        afterwards: !args.no_afterwards,
    };
    if mark.baskets > 0 {
        eprintln!(
            "Going on at {} with basket {} of {}.",
            mark.instant,
            mark.baskets + 1,
            plan.year.baskets.len()
        );
    }
    let drive = Drive::from(&shop, &clock, &plan, &mut marker, mark).await?;
    if args.drive_only {
        shop.start_deadline_schedulers();
    } else {
        shop.start_relays().await?;
        shop.start_reactors(&Only::default());
        shop.claim_documents().await?;
        shop.start_projectors(&[])?;
    }
    let (ended, mark) = drive.run(&stop).await?;
    if ended == Ended::Interrupted {
        shop.close().await?;
        eprintln!("Interrupted at {}. The same command goes on from there.", mark.instant);
        return Ok(false);
    }
    eprintln!("Everything is imported. Waiting for the read side, then checking …");
    let report = Report::of(&shop, &plan.year, &mark, marker.all_refused(), CATCHING_UP).await?;
    shop.close().await?;
    if args.json {
        crate::table::json(out, &report)?;
    } else {
        report.print(out)?;
        writeln!(out, "\nLook around in it: chorale query-api --data-dir {}", data_dir.display())?;
    }
    Ok(report.statements.iter().all(|statement| statement.holds))
}

/// A shop like the grocer's.
fn options(clock: &DrivenClock, stores: &Stores, seed: u64) -> ShopOptions {
    let rules = ShopRules {
        currencies: vec![Currency::USD],
        standard_tax: 0,
        reduced_tax: 0,
        standard_shipping: 499,
        express_shipping: 999,
        free_shipping_from: 3_500,
        locations: supply::WAREHOUSES.iter().filter_map(|(name, _)| name.parse().ok()).collect(),
        max_per_order: MAX_PER_ORDER,
        ..ShopRules::default()
    };
    ShopOptions {
        stores: stores.clone(),
        want: Want::Kind(Kind::Imported),
        clock: Some(clock.clock()),
        rules: Some(rules),
        seed: Some(seed),
        ..ShopOptions::default()
    }
}
