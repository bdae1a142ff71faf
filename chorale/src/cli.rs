//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use http_server::Origin;
use platform::telemetry::LogFormat;

use crate::audit::erase::Subject;
use crate::audit::topics::ReadArgs;
use crate::stores::Stores;

/// A shop on events: commands, an append-only log, read models and GraphQL in one program.
#[derive(Parser, Debug)]
#[command(
    version,
    after_help = "Without a subcommand the whole shop runs in this process, on files in ./chorale-data.\n\n\
        Examples:\n  chorale                                  start a shop; the first time with a small catalogue\n  \
        chorale demo                             shoppers for the shop that runs\n  \
        chorale topics read order --limit 5      the first five events of orders\n  \
        chorale story 10-000042                  what happened to an order, and why\n  \
        chorale projections rebuild orders       build a read model anew from the log"
)]
pub struct Cli {
    /// Where the shop's files are.
    #[arg(long, global = true, env = "CHORALE_DATA_DIR", default_value = "chorale-data", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// How the program's own log is written to standard error: human or json. What it tells is set by CHORALE_LOG.
    #[arg(long, global = true, env = "CHORALE_LOG_FORMAT", default_value = "human", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Addresses of stores that are not files in the data directory.
    #[command(flatten)]
    pub stores: Stores,
    /// Addresses of the shop that is started without a subcommand.
    #[command(flatten)]
    pub listen: Listen,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Where the shop answers.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Doors")]
pub struct Listen {
    /// For shoppers: GraphQL and orders. Port 0 takes a free one.
    #[arg(
        long,
        global = true,
        env = "CHORALE_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// For the back office, which has no sign-in yet: keep it on the loopback interface.
    #[arg(
        long,
        global = true,
        env = "CHORALE_STAFF_LISTEN",
        default_value = "127.0.0.1:8081",
        value_name = "ADDRESS"
    )]
    pub staff_listen: SocketAddr,
    /// Origins whose web pages may call the shoppers' address from a browser (CORS), separated by commas:
    /// https://shop.example. By default, none.
    #[arg(long, global = true, env = "CHORALE_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub origins: Vec<Origin>,
    /// Origins whose web pages may call the back office's address from a browser (CORS). By default, none.
    #[arg(long, global = true, env = "CHORALE_STAFF_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub staff_origins: Vec<Origin>,
    /// Leave an empty shop empty.
    #[arg(long, global = true, env = "CHORALE_NO_SEED")]
    pub no_seed: bool,
}

/// What the program can do beside running everything.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run only the command API.
    CommandApi,
    /// Run only the relay, which takes the event logs to Kafka. Several may run: one leads, another takes over.
    Relay,
    /// Run only the reactors. Several may run and share the work.
    Reactors {
        /// Only these: contexts (payments), or single reactors and views by their names.
        #[arg(long, value_delimiter = ',', value_name = "NAME")]
        only: Vec<String>,
    },
    /// Run only the projectors. Several may run and share the work.
    Projectors {
        /// Only these: `chorale projections` lists the names.
        #[arg(long, value_delimiter = ',', value_name = "NAME")]
        only: Vec<String>,
    },
    /// Run only the query API: for any shop, also one on imported time.
    QueryApi,
    /// Prepare stores on servers for this program: make or upgrade schemas, make and check topics. Files need no preparing.
    Migrate {
        /// One JSON object a store.
        #[arg(long)]
        json: bool,
    },
    /// Take a shop that keeps its stores in files to PostgreSQL, with everything in them, and verify it. It must not run.
    Move(crate::moving::MoveArgs),
    /// Send shoppers to the shop that runs: they browse, order, and the shop packs and ships.
    Demo(crate::demo::DemoArgs),
    /// Import real data into a shop of its own.
    #[command(subcommand)]
    Import(Import),
    /// List the topics with their counts, or read one.
    Topics {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// What to do with them.
        #[command(subcommand)]
        command: Option<Topics>,
    },
    /// The logs: where they end, and whether anything in them was changed.
    #[command(subcommand)]
    Log(Log),
    /// What happened to an order across all contexts, as a tree of causes and effects.
    Story {
        /// Its number (10-000042) or its id.
        order: String,
        /// One JSON object an event.
        #[arg(long)]
        json: bool,
    },
    /// List the projections with position and lag, or build one anew.
    Projections {
        /// One JSON object a line.
        #[arg(long)]
        json: bool,
        /// What to do with them.
        #[command(subcommand)]
        command: Option<Projections>,
    },
    /// Reactions that could not be carried out.
    #[command(subcommand)]
    Parked(Parked),
    /// The keys that personal data is sealed with.
    #[command(subcommand)]
    Vault(Vault),
    /// Destroy the key of a subject (a customer, or a guest's order) so that its personal data can be read by nobody.
    Erase {
        /// The subject: order-UUID or customer-UUID.
        subject: Subject,
        /// Really: it cannot be undone.
        #[arg(long)]
        yes: bool,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Where data comes from.
#[derive(Subcommand, Debug)]
pub enum Import {
    /// A grocer's year: see examples/complete-journey.
    CompleteJourney(crate::import::ImportArgs),
}

/// `chorale topics …`
#[derive(Subcommand, Debug)]
pub enum Topics {
    /// Read the records of a topic, each once and in order.
    Read(ReadArgs),
}

/// `chorale log …`
#[derive(Subcommand, Debug)]
pub enum Log {
    /// Recompute the hash chain of every log, and compare it with its signed heads; exits with 1 and names the first wrong position when something was changed.
    Verify {
        /// One JSON object a log.
        #[arg(long)]
        json: bool,
    },
    /// Print the public half of the key that log heads are signed with (CHORALE_AUDIT_KEY), for auditors.
    Key {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Show position, hash and epoch of every log's end.
    Head {
        /// One JSON object a log.
        #[arg(long)]
        json: bool,
    },
}

/// `chorale vault …`
#[derive(Subcommand, Debug)]
pub enum Vault {
    /// Wrap all keys on PostgreSQL with the first key of CHORALE_VAULT_KEY, and retire all other wrapping keys.
    ///
    /// Copies of the database that were made before give no key away any more once the retired keys are destroyed, erased ones
    /// included. First start all processes with OLD,NEW, then all with NEW,OLD; then run this with NEW,OLD; then start all with
    /// NEW, and destroy OLD. May be repeated.
    Rewrap {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// `chorale projections …`
#[derive(Subcommand, Debug)]
pub enum Projections {
    /// Build a projection anew beside the live one, compare, and switch. Readers stay online.
    Rebuild {
        /// Which: `chorale projections` lists them.
        name: String,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// `chorale parked …`
#[derive(Subcommand, Debug)]
pub enum Parked {
    /// List what waits, and why.
    List {
        /// One JSON object a record.
        #[arg(long)]
        json: bool,
    },
    /// Try again, in order.
    Redrive {
        /// Whose work.
        #[arg(required_unless_present = "all", requires = "stream")]
        reactor: Option<String>,
        /// Which stream.
        stream: Option<String>,
        /// Everything that waits.
        #[arg(long, conflicts_with = "reactor")]
        all: bool,
    },
}
