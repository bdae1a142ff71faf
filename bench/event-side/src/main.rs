//! Measures Chorale's event side, its peers, and raw clients of the same servers in one run, and reports ratios.
//! `bench/run` starts the servers and this program. Contenders take turns, each on an empty database or topic of its own.
//! Only acknowledged work is counted, and it is checked afterwards. A ratio is the median of the rounds' ratios.

use std::error::Error;
use std::sync::Arc;

mod append;
mod checks;
mod disk;
mod peers;
mod place;
mod relaying;
mod replaying;
mod shop;
mod size;
mod story;
mod table;

use measure::{Options, Samples};
use place::Place;

/// The goals of this program.
const GOALS: [&str; 8] = ["P1", "P2", "P3", "P6", "P7", "P8", "P11", "P12"];

/// The result type of this program.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The same allocator as in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Outcome<()> {
    let options = Options::from_arguments(&GOALS, "--size", 5)?;
    let place = Arc::new(Place::from_environment().await?);
    println!("{}", place.told().await?);
    if let Some(events) = options.number {
        return size::run(&place, events).await;
    }
    let mut samples = Samples::default();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        append::round(&place, &options, &mut samples).await?;
        relaying::round(&place, &options, &mut samples).await?;
        shop::round(&place, &options, &mut samples).await?;
    }
    table::print(&options, &place, &samples).await
}
