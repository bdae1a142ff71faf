//! The program.

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Result;
use chorale::audit::{Look, erase, log, parked, projections, story, topics};
use chorale::cli::{Cli, Command, Import, Log, Parked, Projections, Topics};
use chorale::data_dir::DataDir;
use chorale::serve::{self, Roles};
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

/// Whoever reads our output has seen enough.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// `false`: done, and what was found is not good.
async fn run(cli: Cli) -> Result<bool> {
    let path = &cli.data_dir;
    let mut out = io::stdout();
    match cli.command {
        None => serve::run(path, &cli.listen, Roles::ALL).await?,
        Some(Command::CommandApi) => {
            serve::run(path, &cli.listen, Roles { command_api: true, ..Roles::NONE }).await?
        }
        Some(Command::Reactors) => {
            serve::run(path, &cli.listen, Roles { reactors: true, ..Roles::NONE }).await?
        }
        Some(Command::Projectors) => {
            serve::run(path, &cli.listen, Roles { projectors: true, ..Roles::NONE }).await?
        }
        Some(Command::QueryApi) => serve::run(path, &cli.listen, Roles::LOOKING).await?,
        Some(Command::Demo(args)) => chorale::demo::run(&args, &mut out).await?,
        Some(Command::Import(Import::CompleteJourney(args))) => {
            return chorale::import::run(path, &args, &mut out).await;
        }
        Some(Command::Topics { command: Some(Topics::Read(args)), .. }) => {
            topics::read(&Look::at(path).await?, &args, &mut out).await?;
        }
        Some(Command::Topics { json, command: None }) => {
            topics::list(&Look::at(path).await?, json, &mut out).await?
        }
        Some(Command::Log(Log::Verify { json })) => {
            return log::check(&Look::at(path).await?, json, &mut out).await;
        }
        Some(Command::Log(Log::Head { json })) => log::head(&Look::at(path).await?, json, &mut out).await?,
        Some(Command::Story { order, json }) => {
            story::run(&Look::at(path).await?, &order, json, &mut out).await?
        }
        Some(Command::Projections { command: Some(Projections::Rebuild { name, json }), .. }) => {
            projections::rebuild(&Look::at(path).await?, &name, json, &mut out).await?;
        }
        Some(Command::Projections { json, command: None }) => {
            projections::list(&Look::at(path).await?, json, &mut out).await?;
        }
        Some(Command::Parked(Parked::List { json })) => {
            parked::list(&Look::at(path).await?, json, &mut out).await?
        }
        Some(Command::Parked(Parked::Redrive { reactor, stream, .. })) => {
            let which = reactor.as_deref().zip(stream.as_deref());
            parked::redrive(&Look::at(path).await?, which, &mut out).await?;
        }
        Some(Command::Erase { subject, yes, json }) => {
            erase::run(&DataDir::look(path)?, &subject, yes, json, &mut out).await?;
        }
    }
    out.flush()?;
    Ok(true)
}
