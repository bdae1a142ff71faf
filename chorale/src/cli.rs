//! The command line.

mod parked;
mod projections;
mod queries;
mod searching;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, CommandFactory, Parser, Subcommand};
use http_server::Origin;
use platform::telemetry::{LogFormat, OtlpEndpoint};

pub use self::parked::Parked;
pub use self::projections::{Projections, Which};
pub use self::queries::QueryOptions;
pub use self::searching::SearchOptions;
use crate::operator::erase::Subject;
use crate::operator::topics::ReadArgs;
use crate::stores::Stores;

/// An event-sourced shop in one program: commands, append-only event logs, read models and GraphQL.
#[derive(Parser, Debug)]
#[command(
    version,
    after_help = "Without a subcommand, the whole shop runs in this process, on files in ./chorale-data.\n\n\
        Examples:\n  chorale                                  start a shop; the first start seeds a small catalogue\n  \
        chorale demo                             send shoppers to the running shop\n  \
        chorale topics read order --limit 5      print the first five events of orders\n  \
        chorale trace 10-000042                  print what happened to an order, and why\n  \
        chorale projections rebuild orders       rebuild a read model from the log"
)]
pub struct Cli {
    /// Directory that holds the shop's files; a shop creates it when it starts.
    #[arg(long, global = true, env = "CHORALE_DATA_DIR", default_value = "chorale-data", value_name = "DIR")]
    pub data_dir: PathBuf,
    /// Format of the program's own log on standard error: human or json. CHORALE_LOG sets its level, such as
    /// info,event_log=debug.
    #[arg(long, global = true, env = "CHORALE_LOG_FORMAT", default_value = "human", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// Base address of an OpenTelemetry collector that receives traces by OTLP over HTTP, such as http://127.0.0.1:4318.
    /// Default: traces are not exported. OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG limit how many are.
    #[arg(long, global = true, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "ADDRESS")]
    pub otlp_endpoint: Option<OtlpEndpoint>,
    /// Addresses of stores that are not files in the data directory.
    #[command(flatten)]
    pub stores: Stores,
    /// Addresses at which processes answer HTTP.
    #[command(flatten)]
    pub listen: Listen,
    /// How the catalogue is searched.
    #[command(flatten)]
    pub search: SearchOptions,
    /// Which GraphQL documents run, and how long answers may be kept.
    #[command(flatten)]
    pub queries: QueryOptions,
    /// The command to run; the whole shop if none is given.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Addresses at which a process answers HTTP.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "HTTP")]
pub struct Listen {
    /// Address and port for shoppers: GraphQL and orders. Port 0 picks a free port.
    #[arg(
        long,
        global = true,
        env = "CHORALE_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS"
    )]
    pub listen: SocketAddr,
    /// Address and port for the back office. There is no sign-in yet: keep it on the loopback interface. Port 0 picks a
    /// free port.
    #[arg(
        long,
        global = true,
        env = "CHORALE_STAFF_LISTEN",
        default_value = "127.0.0.1:8081",
        value_name = "ADDRESS"
    )]
    pub staff_listen: SocketAddr,
    /// Address and port that serve only /metrics (OpenMetrics), for processes of any role. Port 0 picks a free port.
    /// Processes with an API also serve it at the back office's address. Default: none.
    #[arg(long, global = true, env = "CHORALE_METRICS_LISTEN", value_name = "ADDRESS")]
    pub metrics_listen: Option<SocketAddr>,
    /// Origins whose web pages may call the shoppers' address from a browser (CORS), such as https://shop.example;
    /// separated by commas. Default: none.
    #[arg(long, global = true, env = "CHORALE_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub origins: Vec<Origin>,
    /// Origins whose web pages may call the back office's address from a browser (CORS), separated by commas.
    /// Default: none.
    #[arg(long, global = true, env = "CHORALE_STAFF_ORIGINS", value_delimiter = ',', value_name = "ORIGINS")]
    pub staff_origins: Vec<Origin>,
    /// Connections that may be open at each of the addresses for shoppers and for the back office, WebSockets included. A
    /// further one takes the place of one without a request. Default: half of the descriptors that the process may open
    /// (`ulimit -Hn`) and that its stores do not need, at most 20000.
    #[arg(long, global = true, env = "CHORALE_MAX_CONNECTIONS", value_name = "NUMBER")]
    pub max_connections: Option<NonZeroU32>,
    /// Do not seed an empty shop with the built-in catalogue.
    #[arg(long, global = true, env = "CHORALE_NO_SEED")]
    pub no_seed: bool,
    /// Accept payment tokens that look like card numbers, for a payment provider whose tokens are such numbers.
    #[arg(long, global = true, env = "CHORALE_NUMERIC_PAYMENT_TOKENS")]
    pub numeric_payment_tokens: bool,
}

/// The commands of the program.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run only the command API, which accepts commands over HTTP.
    #[command(after_help = "Example:\n  chorale command-api --event-log postgres://chorale:secret@db/shop")]
    CommandApi,
    /// Run only the relay, which publishes the event logs to Kafka. Several may run: one leads per context, and the others
    /// stand by.
    #[command(after_help = "Example:\n  chorale relay --bus kafka://broker1:9092,broker2:9092")]
    Relay,
    /// Run only the reactors, which answer events with events. Several processes may run and share the work.
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:\n  chorale reactors\n  chorale reactors --only payments,shipping-orders\n  \
            chorale reactors status"
    )]
    Reactors {
        /// Contexts, reactors or local views to run, separated by commas. Default: all.
        #[arg(long, value_delimiter = ',', value_name = "NAME")]
        only: Vec<String>,
        /// The action to take; runs the reactors if none is given.
        #[command(subcommand)]
        command: Option<Reactors>,
    },
    /// Run only the projectors, which keep the read models up to date. Several processes may run and share the work.
    #[command(after_help = "Examples:\n  chorale projectors\n  chorale projectors --only orders,stock")]
    Projectors {
        /// Projections to run, separated by commas; `chorale projections` lists their names. Default: all.
        #[arg(long, value_delimiter = ',', value_name = "NAME")]
        only: Vec<String>,
    },
    /// Run only the query API, which answers GraphQL. Works for any shop, including one on imported time.
    #[command(after_help = "Example:\n  chorale query-api --data-dir grocer-data")]
    QueryApi,
    /// Run a shop on servers with each role in a process of its own on this machine, and start a role again that ends.
    /// Prepares the stores first, as `chorale migrate` does.
    #[command(after_help = "Example:\n  \
        chorale up --event-log postgres://owner:secret@db/shop --vault postgres://owner:secret@db/shop --bus kafka://broker:9092")]
    Up(crate::up::UpArgs),
    /// List the processes of `chorale up`, and every reactor and projection with its lag; exits with 1 if a process is not
    /// ready.
    #[command(after_help = "Example:\n  chorale status")]
    Status {
        /// Print one JSON object per process, reactor and generation of a projection.
        #[arg(long)]
        json: bool,
    },
    /// Prepare stores on servers: create or upgrade schemas, create and check topics. Stores in files need no preparation.
    #[command(after_help = "Example:\n  chorale migrate --event-log postgres://owner:secret@db/shop")]
    Migrate {
        /// Print one JSON object per store.
        #[arg(long)]
        json: bool,
    },
    /// Move a shop from files to PostgreSQL with everything in it, and verify the copy. Stop the shop first.
    #[command(after_help = "Example:\n  \
        chorale move --to-event-log postgres://owner:secret@db/shop --to-vault postgres://owner:secret@db/keys\n\n\
        The command may be interrupted and repeated with the same addresses.")]
    Move(crate::moving::MoveArgs),
    /// Send simulated shoppers and a back office to a running shop: they browse, order, cancel, pack and dispatch.
    #[command(after_help = "Example:\n  chorale demo --shoppers 10 --seconds 60")]
    Demo(crate::demo::DemoArgs),
    /// Ask a running process whether it can answer requests; exits with 1 if it cannot. For health checks of containers.
    #[command(after_help = "Examples:\n  chorale health\n  chorale health http://127.0.0.1:9464")]
    Health {
        /// URL of one of its addresses: shoppers', back office's or --metrics-listen.
        #[arg(default_value = "http://127.0.0.1:8081", value_name = "URL")]
        url: String,
    },
    /// List the topics with their record counts, or read one of them.
    #[command(after_help = "Examples:\n  chorale topics\n  chorale topics read order --limit 5")]
    Topics {
        /// Print one JSON object per topic.
        #[arg(long)]
        json: bool,
        /// The action to take; lists the topics if none is given.
        #[command(subcommand)]
        command: Option<Topics>,
    },
    /// Inspect the event logs: where they end, and whether anything in them was changed.
    #[command(subcommand)]
    Log(Log),
    /// Print what happened to an order in all contexts, as a tree of causes and effects.
    #[command(
        alias = "story",
        after_help = "Examples:\n  chorale trace 10-000042\n  chorale trace 10-000042 --json"
    )]
    Trace {
        /// Number (10-000042), id or global id of the order.
        order: String,
        /// Print one JSON object per event.
        #[arg(long)]
        json: bool,
    },
    /// List the projections' generations with their positions, lag (in events and seconds) and the progress of a
    /// rebuild; or rebuild, verify, repair or roll back one of them.
    #[command(
        after_help = "Examples:\n  chorale projections\n  chorale projections rebuild orders\n  chorale projections verify --all"
    )]
    Projections {
        /// Print one JSON object per generation of a projection.
        #[arg(long)]
        json: bool,
        /// The action to take; lists the projections if none is given.
        #[command(subcommand)]
        command: Option<Projections>,
    },
    /// List or redrive reactions that a reactor has given up on.
    #[command(subcommand)]
    Parked(Parked),
    /// Manage the keys that personal data is encrypted with.
    #[command(subcommand)]
    Vault(Vault),
    /// Print a script that completes the commands and options of this program in a shell.
    #[command(
        after_help = "Examples:\n  chorale completions bash > ~/.local/share/bash-completion/completions/chorale\n  \
        chorale completions zsh > ~/.zfunc/_chorale"
    )]
    Completions {
        /// Name of the shell.
        shell: clap_complete::Shell,
    },
    /// Write manual pages: one for the program, and one for each command.
    #[command(after_help = "Example:\n  chorale man ~/.local/share/man/man1")]
    Man {
        /// Directory for the pages; it is created if it is missing.
        folder: PathBuf,
    },
    /// Destroy the key of a customer or guest order, so that the personal data can no longer be read. Cannot be undone.
    #[command(after_help = "Example:\n  chorale erase order-0198c6f2-5b1e-7c3a-9d42-3f6a1b2c4d5e --yes")]
    Erase {
        /// Subject to erase: order-UUID for a guest's order, or customer-UUID.
        subject: Subject,
        /// Confirm the erasure; it cannot be undone.
        #[arg(long)]
        yes: bool,
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

impl Command {
    /// Whether it only shows something, so that it may end as soon as its output is closed. The others do some work, or answer with
    /// their exit code.
    pub fn only_shows(&self) -> bool {
        match self {
            Self::Topics { .. }
            | Self::Trace { .. }
            | Self::Projections { command: None, .. }
            | Self::Reactors { command: Some(Reactors::Status { .. }), .. }
            | Self::Parked(Parked::List { .. })
            | Self::Log(Log::Key { .. } | Log::Head { .. })
            | Self::Completions { .. } => true,
            Self::CommandApi
            | Self::Relay
            | Self::Reactors { .. }
            | Self::Projectors { .. }
            | Self::QueryApi
            | Self::Up(_)
            | Self::Status { .. }
            | Self::Migrate { .. }
            | Self::Move(_)
            | Self::Demo(_)
            | Self::Health { .. }
            | Self::Log(Log::Verify { .. })
            | Self::Projections { .. }
            | Self::Parked(_)
            | Self::Vault(_)
            | Self::Man { .. }
            | Self::Erase { .. } => false,
        }
    }
}

/// Writes the completion script of a shell.
pub fn completions(shell: clap_complete::Shell, out: &mut impl Write) -> io::Result<()> {
    // The generator panics if it cannot write.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "chorale", &mut script);
    out.write_all(&script)
}

/// Writes the manual pages of the program and its commands: `chorale.1`, `chorale-topics.1` …
pub fn man(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be created", folder.display()))?;
    clap_mangen::generate_to(Cli::command(), folder)
        .with_context(|| format!("the pages cannot be written to {}", folder.display()))?;
    Ok(())
}

/// `chorale topics …`
#[derive(Subcommand, Debug)]
pub enum Topics {
    /// Print the records of a topic, each once and in order per key.
    #[command(after_help = "Examples:\n  chorale topics read order --limit 5\n  \
        chorale topics read order --type OrderCancelled --from 2026-03-01T12:00:00Z\n  \
        chorale topics read payment --follow --json")]
    Read(ReadArgs),
}

/// `chorale log …`
#[derive(Subcommand, Debug)]
pub enum Log {
    /// Recompute the hash chain of every log and compare it with the signed heads. On a mismatch, exits with 1 and prints
    /// the first bad position.
    #[command(after_help = "Examples:\n  chorale log verify\n  chorale log verify --json")]
    Verify {
        /// Print one JSON object per log.
        #[arg(long)]
        json: bool,
    },
    /// Print the public half of the key that log heads are signed with (CHORALE_AUDIT_KEY), for auditors.
    #[command(after_help = "Example:\n  chorale log key")]
    Key {
        /// Print the key as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the position, hash and epoch at which every log ends.
    #[command(after_help = "Example:\n  chorale log head --json")]
    Head {
        /// Print one JSON object per log.
        #[arg(long)]
        json: bool,
    },
}

/// `chorale vault …`
#[derive(Subcommand, Debug)]
pub enum Vault {
    /// Re-wrap all keys stored in PostgreSQL with the first key of CHORALE_VAULT_KEY, and retire all other wrapping keys.
    ///
    /// Old database backups can no longer decrypt anything once the retired keys are destroyed. Start all processes with
    /// OLD,NEW first, and then all with NEW,OLD. Run this command with NEW,OLD. Then start all processes with NEW, and
    /// destroy OLD. The command may be repeated.
    #[command(after_help = "Example:\n  CHORALE_VAULT_KEY=NEW,OLD chorale vault rewrap")]
    Rewrap {
        /// Print the result as one JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// `chorale reactors …`
#[derive(Subcommand, Debug)]
pub enum Reactors {
    /// List the reactors with their positions, lag (in events and seconds) and parked events, whichever processes run them.
    #[command(after_help = "Example:\n  chorale reactors status --json")]
    Status {
        /// Print one JSON object per reactor.
        #[arg(long)]
        json: bool,
    },
}
