//! Chorale's event side beside its peers and beside what the same servers give to raw clients, in one run, as ratios.
//!
//! `bench/run` brings the servers up and starts this. Contenders take turns, each on an empty database or topic of its own;
//! what is counted was acknowledged, and is checked to be there afterwards. A ratio is the median of the rounds' ratios.

use std::error::Error;
use std::sync::Arc;

mod append;
mod checks;
mod disk;
mod options;
mod peers;
mod place;
mod relaying;
mod replaying;
mod sample;
mod shop;
mod size;
mod story;
mod table;

use options::Options;
use place::Place;
use sample::Samples;

/// What everything here answers.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// As in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Outcome<()> {
    let options = Options::from_arguments()?;
    let place = Arc::new(Place::from_environment().await?);
    println!("{}", place.told().await?);
    if let Some(events) = options.size {
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
