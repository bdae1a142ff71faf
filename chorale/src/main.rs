//! The program `chorale`.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use chorale::audit::{Look, erase, log, parked, projections, topics, trace, vault};
use chorale::cli::{Cli, Command, Import, Log, Parked, Projections, Topics, Vault};
use chorale::serve::{self, Roles, Work};
use chorale::stores::Place;
use chorale::{migrate, moving};
use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = platform::telemetry::init(cli.log_format) {
        eprintln!("chorale: {error}");
        return ExitCode::from(2);
    }
    match run(cli).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chorale: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the reader of the output has closed the pipe.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// Runs the command. `false`: it is done, and has found something wrong.
async fn run(cli: Cli) -> Result<bool> {
    let (path, stores) = (&cli.data_dir, &cli.stores);
    let run = async |work: Work| serve::run(path, stores, &cli.listen, &work).await;
    let look = async || Look::at(path, stores).await;
    let mut out = io::stdout();
    match cli.command {
        None => run(Roles::ALL.into()).await?,
        Some(Command::CommandApi) => run(Roles { command_api: true, ..Roles::NONE }.into()).await?,
        Some(Command::Relay) => run(Roles { relay: true, ..Roles::NONE }.into()).await?,
        Some(Command::Reactors { only }) => {
            run(Work { reactors: only, ..Roles { reactors: true, ..Roles::NONE }.into() }).await?
        }
        Some(Command::Projectors { only }) => {
            run(Work { projectors: only, ..Roles { projectors: true, ..Roles::NONE }.into() }).await?
        }
        Some(Command::QueryApi) => run(Roles { query_api: true, ..Roles::NONE }.into()).await?,
        Some(Command::Migrate { json }) => migrate::run(path, stores, json, &mut out).await?,
        Some(Command::Move(args)) => moving::run(path, stores, &args, &mut out).await?,
        Some(Command::Demo(args)) => chorale::demo::run(&args, &mut out).await?,
        Some(Command::Import(Import::CompleteJourney(args))) => {
            return chorale::import::run(path, stores, &args, &mut out).await;
        }
        Some(Command::Topics { command: Some(Topics::Read(args)), .. }) => {
            topics::read(&look().await?, &args, &mut out).await?;
        }
        Some(Command::Topics { json, command: None }) => topics::list(&look().await?, json, &mut out).await?,
        Some(Command::Log(Log::Verify { json })) => {
            return log::check(&look().await?, json, &mut out).await;
        }
        Some(Command::Log(Log::Key { json })) => log::key(stores.audit_key.as_ref(), json, &mut out)?,
        Some(Command::Log(Log::Head { json })) => log::head(&look().await?, json, &mut out).await?,
        Some(Command::Trace { order, json }) => trace::run(&look().await?, &order, json, &mut out).await?,
        Some(Command::Projections { command: Some(Projections::Rebuild { name, json }), .. }) => {
            projections::rebuild(&look().await?, &name, json, &mut out).await?;
        }
        Some(Command::Projections { json, command: None }) => {
            projections::list(&look().await?, json, &mut out).await?;
        }
        Some(Command::Parked(Parked::List { json })) => parked::list(&look().await?, json, &mut out).await?,
        Some(Command::Parked(Parked::Redrive { reactor, stream, .. })) => {
            let which = reactor.as_deref().zip(stream.as_deref());
            parked::redrive(&look().await?, which, &mut out).await?;
        }
        Some(Command::Vault(Vault::Rewrap { json })) => {
            vault::rewrap(&Place::look(path, stores)?, json, &mut out).await?;
        }
        Some(Command::Erase { subject, yes, json }) => {
            erase::run(&Place::look(path, stores)?, &subject, yes, json, &mut out).await?;
        }
    }
    out.flush()?;
    Ok(true)
}
