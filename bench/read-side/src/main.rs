//! Measures Chorale's projections and queries beside their peers and plain JSON in one run, and reports ratios. `bench/run`
//! starts the servers and this program. Contenders take turns. A ratio is the median of the rounds' ratios.

use std::error::Error;

mod lists;
mod load;
mod options;
mod pages;
mod peers;
mod place;
mod plain;
mod program;
mod queries;
mod replay;
mod table;

use measure::Samples;
use options::Options;
use place::Place;

/// The result type of this program.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The same allocator as in the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "multi_thread")]
async fn main() -> Outcome<()> {
    if let Some(file) = plain::asked() {
        return plain::serve(&file).await;
    }
    let options = Options::from_arguments()?;
    let place = Place::from_environment()?;
    println!("{}", place.described()?);
    let mut samples = Samples::default();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        let history = program::History::make(&place, &options).await?;
        for store in place.stores(history.folder.path())? {
            eprintln!("  documents in {}", store.name);
            replay::turn(&place, &options, &history, &store, &mut samples).await?;
            lists::turn(&place, &options, &history, &store, &mut samples).await?;
            pages::turn(&place, &options, &history, &store, &mut samples).await?;
        }
    }
    table::print(&options, &place, &samples)
}
