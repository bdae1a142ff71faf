//! `import-complete-journey`: imports a grocer's year of real baskets into a shop. Everything goes through the shop's
//! commands. Idempotency keys are derived from the data, so an interrupted import continues without duplicates. It is
//! a separate program, because the Parquet reader takes long to build and only this import needs it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use chorale::shop::{Only, Shop, ShopOptions};
use chorale::shop_properties::{Kind, Want};
use chorale::stores::Stores;
use clap::{Args, Parser};
use domain::ShopRules;
use platform::clock::DrivenClock;
use platform::output::{self, Output};
use platform::shutdown::Shutdown;
use platform::telemetry::{self, LogFormat};
use schemas::{Currency, Timestamp};

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
mod prices;
mod report;
mod seeding;
mod supply;
mod watch;
mod year;

use dice::Dice;
use drive::{Drive, Ended, Plan};
use mark::{Marker, Source};
use report::Report;
use year::Year;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Import a grocer's year (2017) into a shop of its own: see examples/complete-journey.
#[derive(Parser, Debug)]
#[command(version)]
struct Cli {
    /// Directory of the shop's files.
    #[arg(long, env = "CHORALE_DATA_DIR", default_value = "chorale-data", value_name = "DIR")]
    data_dir: PathBuf,
    /// Format of the program's own log on standard error: human or json. CHORALE_LOG sets its levels.
    #[arg(long, env = "CHORALE_LOG_FORMAT", default_value = "human", value_name = "FORMAT")]
    log_format: LogFormat,
    /// Addresses of stores that are not files in the data directory.
    #[command(flatten)]
    stores: Stores,
    /// The import.
    #[command(flatten)]
    import: ImportArgs,
}

#[derive(Args, Clone, Debug)]
struct ImportArgs {
    /// The folder with the Parquet files: the one that examples/complete-journey/fetch.sh prints.
    folder: PathBuf,
    /// Import the first N weeks, and only products in their baskets. Default: all weeks and all products.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=53))]
    weeks: Option<u8>,
    /// Process one basket at a time, each to its end: the same input and seed then give the same payloads in every stream.
    #[arg(long)]
    lockstep: bool,
    /// Seed that decides which payments are declined, which orders are cancelled and which parcels are lost.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Stop after the last basket, with orders still in progress, instead of continuing until every order is closed.
    #[arg(long)]
    no_afterwards: bool,
    /// Only drive the shop: its relay, reactors and projectors run as separate processes, on the same addresses.
    #[arg(long)]
    drive_only: bool,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    const PROGRAM: &str = "import-complete-journey";
    let cli = Cli::parse();
    let _telemetry = match telemetry::init(cli.log_format, None) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            output::note(format_args!("{PROGRAM}: {error}"));
            return ExitCode::from(2);
        }
    };
    let mut out = Output::finishing(io::stdout());
    let result = run(&cli.data_dir, &cli.stores, &cli.import, &mut out).await;
    chorale::exit::code(PROGRAM, result, out)
}

/// How long the read side may take to catch up at the end.
const CATCHING_UP: Duration = Duration::from_hours(12);
/// Largest quantity of a product in an order. Petrol is counted in thousandths of a gallon, so it is refused.
const MAX_PER_ORDER: u32 = 100;

/// Imports, checks the invariants of a shop, and reports. `false`: an invariant is violated, or the import was interrupted.
async fn run(data_dir: &Path, stores: &Stores, args: &ImportArgs, out: &mut impl Write) -> Result<bool> {
    let stop = Shutdown::on_signals()?;
    let mut year = Year::read(&args.folder, args.weeks)?;
    if args.weeks.is_some() {
        year.only_what_was_bought();
    }
    let clock = DrivenClock::new(Timestamp::EPOCH);
    let shop = Shop::open(data_dir, options(&clock, stores, args.seed)).await?;
    let source = Source { weeks: args.weeks, seed: args.seed, lockstep: args.lockstep };
    let (mut marker, mark) = Marker::find(shop.locations.data.path(), source)?;
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
        output::note(format_args!(
            "Continuing at {} with basket {} of {}.",
            mark.instant,
            mark.baskets + 1,
            plan.year.baskets.len()
        ));
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
        output::note(format_args!("Interrupted at {}. The same command continues from there.", mark.instant));
        return Ok(false);
    }
    output::note("Everything is imported. Waiting for the read side, then checking …");
    let report = Report::of(&shop, &plan.year, &mark, marker.all_refused(), CATCHING_UP).await?;
    shop.close().await?;
    if args.json {
        chorale::table::json(out, &report)?;
    } else {
        report.print(out)?;
        writeln!(out, "\nTo explore it: chorale query-api --data-dir {}", data_dir.display())?;
    }
    Ok(report.statements.iter().all(|statement| statement.holds))
}

/// The rules of the grocer's shop.
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
