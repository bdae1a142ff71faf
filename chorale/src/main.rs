//! The program `chorale`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use chorale::cli::{Cli, Command, Log, Parked, Projections, Reactors, Topics, Vault};
use chorale::operator::{
    ReadOnlyShop, erase, log, parked, projections, reactors, status, topics, trace, vault,
};
use chorale::serve::{self, Roles, Work};
use chorale::stores::StoreLocations;
use chorale::{migrate, moving};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    // Exports the remaining spans when it is dropped.
    let _export = match platform::telemetry::init(cli.log_format, cli.otlp_endpoint.as_ref()) {
        Ok(export) => export,
        Err(error) => {
            eprintln!("chorale: {error}");
            return ExitCode::from(2);
        }
    };
    chorale::exit::code("chorale", run(cli).await)
}

/// Runs the command. `false`: the command is done and has found something wrong.
async fn run(cli: Cli) -> Result<bool> {
    let (path, stores) = (&cli.data_dir, &cli.stores);
    let run = async |work: Work| {
        let work = Work { search: cli.search.settings()?, ..work };
        serve::run(path, stores, &cli.listen, &work).await
    };
    let read_only = async || ReadOnlyShop::open(path, stores).await;
    let mut out = io::stdout();
    match cli.command {
        None => run(Roles::ALL.into()).await?,
        Some(Command::CommandApi) => run(Roles { command_api: true, ..Roles::NONE }.into()).await?,
        Some(Command::Relay) => run(Roles { relay: true, ..Roles::NONE }.into()).await?,
        Some(Command::Reactors { command: Some(Reactors::Status { json }), .. }) => {
            reactors::list(&read_only().await?, json, &mut out).await?;
        }
        Some(Command::Reactors { only, command: None }) => {
            run(Work { reactors: only, ..Roles { reactors: true, ..Roles::NONE }.into() }).await?
        }
        Some(Command::Projectors { only }) => {
            run(Work { projectors: only, ..Roles { projectors: true, ..Roles::NONE }.into() }).await?
        }
        Some(Command::QueryApi) => run(Roles { query_api: true, ..Roles::NONE }.into()).await?,
        Some(Command::Up(args)) => {
            chorale::up::run(path, stores, &cli.listen, &cli.search, &args, &mut out).await?
        }
        Some(Command::Status { json }) => {
            return status::run(&read_only().await?, path, json, &mut out).await;
        }
        Some(Command::Migrate { json }) => migrate::run(path, stores, json, &mut out).await?,
        Some(Command::Move(args)) => moving::run(path, stores, &args, &mut out).await?,
        Some(Command::Health { url }) => return chorale::health::run(&url, &mut out).await,
        Some(Command::Demo(args)) => chorale::demo::run(&args, &mut out).await?,
        Some(Command::Topics { command: Some(Topics::Read(args)), .. }) => {
            topics::read(&read_only().await?, &args, &mut out).await?;
        }
        Some(Command::Topics { json, command: None }) => {
            topics::list(&read_only().await?, json, &mut out).await?
        }
        Some(Command::Log(Log::Verify { json })) => {
            return log::check(&read_only().await?, json, &mut out).await;
        }
        Some(Command::Log(Log::Key { json })) => log::key(stores.audit_key.as_ref(), json, &mut out)?,
        Some(Command::Log(Log::Head { json })) => log::head(&read_only().await?, json, &mut out).await?,
        Some(Command::Trace { order, json }) => {
            trace::run(&read_only().await?, &order, json, &mut out).await?
        }
        Some(Command::Projections { command: Some(command), .. }) => {
            return projection(&read_only().await?, command, &mut out).await;
        }
        Some(Command::Projections { json, command: None }) => {
            projections::list(&read_only().await?, json, &mut out).await?;
        }
        Some(Command::Parked(Parked::List { json })) => {
            parked::list(&read_only().await?, json, &mut out).await?
        }
        Some(Command::Parked(Parked::Redrive { reactor, stream, .. })) => {
            let which = reactor.as_deref().zip(stream.as_deref());
            parked::redrive(&read_only().await?, which, &mut out).await?;
        }
        Some(Command::Vault(Vault::Rewrap { json })) => {
            vault::rewrap(&StoreLocations::read_only(path, stores)?, json, &mut out).await?;
        }
        Some(Command::Erase { subject, yes, json }) => {
            erase::run(&StoreLocations::read_only(path, stores)?, &subject, yes, json, &mut out).await?;
        }
    }
    out.flush()?;
    Ok(true)
}

/// Runs a command about projections. `false`: documents differ.
async fn projection(shop: &ReadOnlyShop, command: Projections, out: &mut impl Write) -> Result<bool> {
    match command {
        Projections::Rebuild { name, json } => projections::rebuild(shop, &name, json, out).await?,
        Projections::Verify { which, repair, json } => {
            return projections::verify(shop, &which, repair, json, out).await;
        }
        Projections::Rollback { name, json } => projections::rollback(shop, &name, json, out).await?,
        Projections::DropOld { which, json } => projections::drop_old(shop, &which, json, out).await?,
    }
    out.flush()?;
    Ok(true)
}
