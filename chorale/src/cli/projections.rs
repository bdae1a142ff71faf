//! `chorale projections …`

use clap::{Args, Subcommand};

/// `chorale projections …`
#[derive(Subcommand, Debug)]
pub enum Projections {
    /// Rebuild a projection next to the live one, print how many documents differ, counted by field, and switch. Exits with 1,
    /// without switching, if documents of the same shape differ. If the program has raised the shape of the documents and none
    /// of that shape are there yet, compares them with those of the shape before, and switches. Readers stay online.
    #[command(
        after_help = "Examples:\n  chorale projections rebuild orders\n  chorale projections rebuild orders --compare-only\n  \
        chorale projections rebuild orders --accept-differences"
    )]
    Rebuild {
        /// Name of the projection; `chorale projections` lists them.
        name: String,
        /// Switch although documents of the same shape differ, for example because a newer program fills another field.
        #[arg(long, conflicts_with = "compare_only")]
        accept_differences: bool,
        /// Do not switch: print the comparison and drop the new documents. Exits with 1 if documents of the same shape differ.
        #[arg(long)]
        compare_only: bool,
        /// Print the comparison as one JSON object before the switch. Exit status 0 says that the switch was made, if `switch`
        /// is true.
        #[arg(long)]
        json: bool,
    },
    /// Wait until the live documents contain every event that is on the topics now. Exits with 1 if they do not in time.
    #[command(
        after_help = "Examples:\n  chorale projections wait --all\n  chorale projections wait orders --timeout 10"
    )]
    Wait {
        #[command(flatten)]
        which: Which,
        /// Longest wait, in seconds; at most a year.
        #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(..=31_536_000))]
        timeout: u64,
    },
    /// Fold all events again and compare every live document with the result. Exits with 1 if documents are altered, missing or
    /// surplus, or wait for events that could be applied. Readers stay online.
    #[command(
        after_help = "Examples:\n  chorale projections verify orders\n  chorale projections verify --all --json\n  \
        chorale projections verify orders --repair"
    )]
    Verify {
        #[command(flatten)]
        which: Which,
        /// Replace the documents that differ, and only those, by the right ones; remove those that no event leads to. Exits
        /// with 1 if documents still differ afterwards.
        #[arg(long)]
        repair: bool,
        /// Print one JSON object per projection.
        #[arg(long)]
        json: bool,
    },
    /// Make the generation that was live before live again, once it has caught up. Readers stay online, and do not go back in
    /// time.
    #[command(after_help = "Example:\n  chorale projections rollback orders")]
    Rollback {
        /// Name of the projection; `chorale projections` lists them.
        name: String,
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Drop the retired generations of a projection, which rollback would use.
    #[command(
        after_help = "Examples:\n  chorale projections drop-old orders\n  chorale projections drop-old --all"
    )]
    DropOld {
        #[command(flatten)]
        which: Which,
        /// Print one JSON object per projection.
        #[arg(long)]
        json: bool,
    },
}

/// One projection, or all of them.
#[derive(Args, Debug)]
pub struct Which {
    /// Name of the projection; `chorale projections` lists them.
    #[arg(required_unless_present = "all")]
    pub name: Option<String>,
    /// All projections, one after the other.
    #[arg(long, conflicts_with = "name")]
    pub all: bool,
}
