//! `chorale parked …`

use clap::Subcommand;

/// `chorale parked …`
#[derive(Subcommand, Debug)]
pub enum Parked {
    /// List the parked events, with the reactor and the error of each.
    #[command(after_help = "Example:\n  chorale parked list")]
    List {
        /// Print one JSON object per event.
        #[arg(long)]
        json: bool,
    },
    /// Handle parked events again, in order. A shop that is not running does so when it starts.
    #[command(after_help = "Examples:\n  \
        chorale parked redrive payments-orders order-0198c6f2-5b1e-7c3a-9d42-3f6a1b2c4d5e\n  \
        chorale parked redrive --all")]
    Redrive {
        /// Name of the reactor, as `chorale parked list` prints it.
        #[arg(required_unless_present = "all", requires = "stream")]
        reactor: Option<String>,
        /// Stream whose events are parked, such as order-UUID.
        stream: Option<String>,
        /// Redrive everything that is parked.
        #[arg(long, conflicts_with = "reactor")]
        all: bool,
    },
}
