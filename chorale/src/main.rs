//! The program `chorale`.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use chorale::cli::{Cli, Command, Log, Parked, Projections, Reactors, Topics, Vault};
use chorale::operator::{
    ReadOnlyShop, erase, log, parked, projections, reactors, status, topics, trace, vault,
};
use chorale::serve::{self, Roles, Work};
use chorale::stores::StoreLocations;
use chorale::{migrate, moving};
use clap::Parser;
use platform::output::{self, Output};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let _telemetry = match platform::telemetry::init(cli.log_format, cli.otlp_endpoint.as_ref()) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            output::note(format_args!("chorale: {error}"));
            return ExitCode::from(2);
        }
    };
    let mut out = match cli.command.as_ref().is_some_and(Command::only_shows) {
        true => Output::showing(io::stdout()),
        false => Output::finishing(io::stdout()),
    };
    let result = run(cli, &mut out).await;
    chorale::exit::code("chorale", result, out)
}

/// Runs the command. `false`: the command is done and has found something wrong.
async fn run(cli: Cli, out: &mut (impl Write + Send)) -> Result<bool> {
    let (path, stores) = (&cli.data_dir, &cli.stores);
    let run = async |work: Work| {
        let (search, queries) = (cli.search.settings()?, cli.queries.options()?);
        let work =
            Work { search, queries, numeric_payment_tokens: cli.listen.numeric_payment_tokens, ..work };
        serve::run(path, stores, &cli.listen, &work).await
    };
    let read_only = async || ReadOnlyShop::open(path, stores).await;
    match cli.command {
        None => run(Roles::ALL.into()).await?,
        Some(Command::CommandApi) => run(Roles { command_api: true, ..Roles::NONE }.into()).await?,
        Some(Command::Relay) => run(Roles { relay: true, ..Roles::NONE }.into()).await?,
        Some(Command::Reactors { command: Some(Reactors::Status { json }), .. }) => {
            reactors::list(&read_only().await?, json, out).await?;
        }
        Some(Command::Reactors { only, command: None }) => {
            run(Work { reactors: only, ..Roles { reactors: true, ..Roles::NONE }.into() }).await?
        }
        Some(Command::Projectors { only }) => {
            run(Work { projectors: only, ..Roles { projectors: true, ..Roles::NONE }.into() }).await?
        }
        Some(Command::QueryApi) => run(Roles { query_api: true, ..Roles::NONE }.into()).await?,
        Some(Command::Up(args)) => {
            // A manifest that cannot be read is reported once, and not by a process that is started again and again.
            cli.queries.options()?;
            let options = (&cli.listen, &cli.search, &cli.queries);
            chorale::up::run(path, stores, options, &args, out).await?
        }
        Some(Command::Status { json }) => {
            return status::run(&read_only().await?, path, json, out).await;
        }
        Some(Command::Migrate { json }) => migrate::run(path, stores, json, out).await?,
        Some(Command::Move(args)) => moving::run(path, stores, &args, out).await?,
        Some(Command::Health { url }) => return chorale::health::run(&url, out).await,
        Some(Command::Demo(args)) => chorale::demo::run(&args, out).await?,
        Some(Command::Topics { command: Some(Topics::Read(args)), .. }) => {
            topics::read(&read_only().await?, &args, out).await?;
        }
        Some(Command::Topics { json, command: None }) => topics::list(&read_only().await?, json, out).await?,
        Some(Command::Log(Log::Verify { json })) => {
            return log::check(&read_only().await?, json, out).await;
        }
        Some(Command::Log(Log::Key { json })) => log::key(stores.audit_key.as_ref(), json, out)?,
        Some(Command::Log(Log::Head { json })) => log::head(&read_only().await?, json, out).await?,
        Some(Command::Trace { order, json }) => trace::run(&read_only().await?, &order, json, out).await?,
        Some(Command::Projections { command: Some(command), .. }) => {
            return projection(&read_only().await?, command, out).await;
        }
        Some(Command::Projections { json, command: None }) => {
            projections::list(&read_only().await?, json, out).await?;
        }
        Some(Command::Parked(Parked::List { json })) => parked::list(&read_only().await?, json, out).await?,
        Some(Command::Parked(Parked::Redrive { reactor, stream, .. })) => {
            let which = reactor.as_deref().zip(stream.as_deref());
            parked::redrive(&read_only().await?, which, out).await?;
        }
        Some(Command::Vault(Vault::Rewrap { json })) => {
            vault::rewrap(&StoreLocations::read_only(path, stores)?, json, out).await?;
        }
        Some(Command::Completions { shell }) => chorale::cli::completions(shell, out)?,
        Some(Command::Man { folder }) => chorale::cli::man(&folder)?,
        Some(Command::Erase { subject, yes, json }) => {
            erase::run(&StoreLocations::read_only(path, stores)?, &subject, yes, json, out).await?;
        }
    }
    Ok(true)
}

/// Runs a command about projections. `false`: documents differ.
async fn projection(
    shop: &ReadOnlyShop,
    command: Projections,
    out: &mut (impl Write + Send),
) -> Result<bool> {
    match command {
        Projections::Rebuild { name, accept_differences, compare_only, json } => {
            let switch = match (accept_differences, compare_only) {
                (true, _) => projections::Switch::Always,
                (_, true) => projections::Switch::Never,
                _ => projections::Switch::IfExpected,
            };
            return projections::rebuild(shop, &name, switch, json, out).await;
        }
        Projections::Wait { which, timeout } => {
            projections::wait(shop, &which, Duration::from_secs(timeout)).await?;
        }
        Projections::Verify { which, repair, json } => {
            return projections::verify(shop, &which, repair, json, out).await;
        }
        Projections::Rollback { name, json } => projections::rollback(shop, &name, json, out).await?,
        Projections::DropOld { which, json } => projections::drop_old(shop, &which, json, out).await?,
    }
    Ok(true)
}
