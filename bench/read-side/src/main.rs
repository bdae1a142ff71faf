//! Measures Chorale's projections and queries beside their peers and plain JSON in one run, and reports ratios. `bench/run`
//! starts the servers and this program. Contenders take turns. A ratio is the median of the rounds' ratios.

use std::error::Error;

mod lists;
mod load;
mod pages;
mod peers;
mod place;
mod plain;
mod program;
mod queries;
mod replay;
mod table;

use measure::{Options, Samples};
use place::{Place, Store};
use program::{History, Role};

/// The goals of this program.
const GOALS: [&str; 5] = ["P7", "P9", "P10", "P13", "P14"];

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
    let options = Options::from_arguments(&GOALS, "--orders", 3)?;
    let place = Place::from_environment()?;
    println!("{}", place.described()?);
    let mut samples = Samples::default();
    for round in 1..=options.rounds {
        eprintln!("round {round} of {}", options.rounds);
        let history = History::make(&place, &options).await?;
        for store in place.stores(history.folder.path())? {
            eprintln!("  documents in {}", store.name);
            let turn = Turn { place: &place, options: &options, history: &history, store: &store };
            replay::run(&turn, &mut samples).await?;
            lists::run(&turn, &mut samples).await?;
            pages::run(&turn, &mut samples).await?;
        }
    }
    table::print(&options, &place, &samples)
}

/// What is measured on one store.
struct Turn<'a> {
    place: &'a Place,
    options: &'a Options,
    history: &'a History,
    store: &'a Store,
}

impl Turn<'_> {
    /// Starts a role on the store, with further options.
    async fn role(&self, role: &str, options: &[&str]) -> Outcome<Role> {
        Role::on(self.place, &self.history.folder, role, self.store, options).await
    }
}
