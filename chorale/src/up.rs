//! `chorale up`: a shop on servers, with each role in a process of its own on this machine.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use parking_lot::Mutex;
use platform::backoff::Backoff;
use platform::output;
use platform::shutdown::Shutdown;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use crate::cli::{Listen, QueryOptions, SearchOptions};
use crate::data_dir;
use crate::health;
use crate::migrate;
use crate::stores::{BusAddress, Stores};

/// Names of the roles, which are also their commands.
const ROLES: [&str; 5] = ["command-api", "relay", "reactors", "projectors", "query-api"];
/// In the data directory: the processes that run, for `chorale status`.
const PROCESSES: &str = "processes.json";
/// Longer than a role takes to drain.
const LEAVING: Duration = Duration::from_secs(20);
/// Pauses before a role is started again.
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);

/// `chorale up …`
#[derive(Args, Clone, Debug)]
pub struct UpArgs {
    /// Address and port of the query API for shoppers. The command API uses --listen.
    #[arg(long, env = "CHORALE_QUERY_LISTEN", default_value = "127.0.0.1:8082", value_name = "ADDRESS")]
    pub query_listen: SocketAddr,
    /// Address and port of the query API for the back office. The command API uses --staff-listen.
    #[arg(
        long,
        env = "CHORALE_STAFF_QUERY_LISTEN",
        default_value = "127.0.0.1:8083",
        value_name = "ADDRESS"
    )]
    pub staff_query_listen: SocketAddr,
}

/// A running process.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
pub struct Process {
    pub pid: u32,
    /// URL that answers `/readyz` and `/metrics`; `None` until the process has printed it.
    pub url: Option<String>,
}

/// Options that each process gets.
type ProcessOptions<'a> = (&'a Listen, &'a SearchOptions, &'a QueryOptions);

/// The processes by role, and the file that lists them.
struct Processes {
    file: PathBuf,
    running: Mutex<BTreeMap<String, Process>>,
}

impl Processes {
    /// Changes the list, and the file with it.
    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Process>)) -> Result<()> {
        let mut running = self.running.lock();
        change(&mut running);
        let text = serde_json::to_string_pretty(&*running)?;
        let draft = self.file.with_extension("json.new");
        std::fs::write(&draft, text).with_context(|| format!("cannot write {}", draft.display()))?;
        std::fs::rename(&draft, &self.file).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// The processes that `chorale up` runs on this data directory, by role; empty if it does not run.
pub fn processes(data: &Path) -> Result<BTreeMap<String, Process>> {
    let file = data.join(PROCESSES);
    match std::fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("cannot read {}", file.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(BTreeMap::new()),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
}

/// Prepares the stores, starts every role, and starts a role again that ends, until Ctrl-C or SIGTERM. Then stops all of them.
pub async fn run(
    data: &Path,
    stores: &Stores,
    options: ProcessOptions<'_>,
    args: &UpArgs,
    out: &mut impl Write,
) -> Result<()> {
    let signals = Shutdown::on_signals()?;
    if stores.keeps_logs_in_files() {
        bail!(
            "processes can only share a shop on servers. Pass --event-log postgres://…, --vault postgres://… and --bus kafka://…, \
             or run `chorale` for a shop on files"
        );
    }
    refuse_a_second(data).await?;
    // Without a cluster, the logs are the topics and there is nothing to relay.
    let relays = matches!(BusAddress::parse(stores.bus.as_ref())?, BusAddress::Kafka(_));
    migrate::run(data, stores, false, out).await?;
    out.flush()?;
    data_dir::require_text(data)?;
    std::fs::create_dir_all(data).with_context(|| format!("cannot create {}", data.display()))?;
    let processes = Arc::new(Processes { file: data.join(PROCESSES), running: Mutex::default() });
    let mut roles = JoinSet::new();
    for role in ROLES.into_iter().filter(|role| relays || *role != "relay") {
        let start = Start {
            role,
            environment: stores.environment(),
            arguments: arguments(role, data, options, args)?,
        };
        roles.spawn(keep_running(start, Arc::clone(&processes), signals.clone()));
    }
    let mut first_error = Ok(());
    while let Some(ended) = roles.join_next().await {
        if let Err(error) = ended.context("a task was aborted").and_then(|ended| ended) {
            signals.begin();
            first_error = first_error.and(Err(error));
        }
    }
    std::fs::remove_file(&processes.file)
        .with_context(|| format!("cannot remove {}", processes.file.display()))?;
    writeln!(out, "Stopped.")?;
    first_error
}

/// Fails if a role that was started on this directory still answers: that of another `chorale up`, or of one that was killed.
async fn refuse_a_second(data: &Path) -> Result<()> {
    for (role, Process { pid, url }) in processes(data)? {
        if let Some(url) = url
            && health::ready(&url).await.is_ok()
        {
            bail!(
                "{role} (process {pid}) already runs on {}. Stop the other `chorale up`; if it was killed, stop the processes that \
                 `chorale status` lists",
                data.display()
            );
        }
    }
    Ok(())
}

/// How to start the process of a role.
struct Start {
    role: &'static str,
    /// Addresses of stores, which may hold passwords and therefore do not appear in the process list.
    environment: Vec<(&'static str, String)>,
    arguments: Vec<OsString>,
}

fn arguments(
    role: &'static str,
    data: &Path,
    (listen, search, queries): ProcessOptions<'_>,
    args: &UpArgs,
) -> Result<Vec<OsString>> {
    let (public, staff) = match role {
        "query-api" => (args.query_listen, args.staff_query_listen),
        _ => (listen.listen, listen.staff_listen),
    };
    let mut list: Vec<OsString> = vec![role.into(), "--data-dir".into(), data.into()];
    list.extend(["--listen".into(), public.to_string().into()]);
    list.extend(["--staff-listen".into(), staff.to_string().into()]);
    list.extend(["--metrics-listen".into(), "127.0.0.1:0".into()]);
    if listen.no_seed {
        list.push("--no-seed".into());
    }
    if listen.numeric_payment_tokens {
        list.push("--numeric-payment-tokens".into());
    }
    if let Some(connections) = listen.max_connections {
        list.extend(["--max-connections".into(), connections.to_string().into()]);
    }
    for (flag, origins) in [("--origins", &listen.origins), ("--staff-origins", &listen.staff_origins)] {
        for origin in origins {
            list.extend([flag.into(), origin.to_string().into()]);
        }
    }
    let languages: Vec<String> = search.search_languages.iter().map(ToString::to_string).collect();
    list.extend(["--search-languages".into(), languages.join(",").into()]);
    if let Some(file) = &search.search_synonyms {
        list.extend(["--search-synonyms".into(), file.into()]);
    }
    list.extend(queries.arguments());
    Ok(list)
}

/// Runs a role until the shutdown, and starts it again if it ends before.
async fn keep_running(start: Start, processes: Arc<Processes>, signals: Shutdown) -> Result<()> {
    let mut backoff = Backoff::new(FIRST, LONGEST);
    while !signals.has_begun() {
        let began = Instant::now();
        let ended = match run_once(&start, &processes, &signals).await {
            Ok(status) => format!("ended with {status}"),
            Err(error) => format!("failed: {error:#}"),
        };
        processes.change(|running| drop(running.remove(start.role)))?;
        if signals.has_begun() {
            break;
        }
        backoff.reset_after(began.elapsed());
        let pause = backoff.next_pause();
        output::note(format_args!("{:<11} | {ended}; starting it again in {pause:?}", start.role));
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = signals.begun() => {}
        }
    }
    Ok(())
}

/// Starts the process of a role, and waits for its end. A shutdown sends it SIGTERM, and SIGKILL after [`LEAVING`].
async fn run_once(start: &Start, processes: &Arc<Processes>, signals: &Shutdown) -> Result<ExitStatus> {
    let program = std::env::current_exe().context("this program's own file is not known")?;
    let mut child = Command::new(program)
        .args(&start.arguments)
        .envs(start.environment.iter().map(|(name, value)| (*name, value.as_str())))
        // Ctrl-C in a terminal reaches its whole process group; the roles are told once, by this process.
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{} cannot be started", start.role))?;
    let pid = child.id().context("a process that has just been started has an id")?;
    processes.change(|running| drop(running.insert(start.role.to_owned(), Process { pid, url: None })))?;
    if let Some(output) = child.stdout.take() {
        tokio::spawn(pass_on(start.role, output, Some(Arc::clone(processes))));
    }
    if let Some(output) = child.stderr.take() {
        tokio::spawn(pass_on(start.role, output, None));
    }
    tokio::select! {
        status = child.wait() => return Ok(status?),
        () = signals.begun() => {}
    }
    stop(&mut child, pid).await
}

async fn stop(child: &mut Child, pid: u32) -> Result<ExitStatus> {
    // The child has not been waited for, so the id is still its own.
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        match kill_process(pid, Signal::TERM) {
            // It has just ended by itself.
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(error).context("a role cannot be told to stop"),
        }
    }
    match tokio::time::timeout(LEAVING, child.wait()).await {
        Ok(status) => Ok(status?),
        Err(_) => {
            child.kill().await?;
            Ok(child.wait().await?)
        }
    }
}

/// Prints the lines of a role with its name in front, and notes the URL of its metrics.
async fn pass_on(role: &'static str, output: impl AsyncRead + Unpin, notes: Option<Arc<Processes>>) {
    let mut lines = BufReader::new(output).lines();
    loop {
        match lines.next_line().await {
            Ok(Some(line)) => {
                if let Some((notes, url)) = notes.as_ref().zip(metrics_url(&line)) {
                    let noted = notes.change(|running| {
                        if let Some(process) = running.get_mut(role) {
                            process.url = Some(url);
                        }
                    });
                    if let Err(error) = noted {
                        output::note(format_args!("{role:<11} | {error:#}"));
                    }
                }
                output::print(format_args!("{role:<11} | {line}"));
            }
            Ok(None) => return,
            Err(error) => {
                return output::note(format_args!("{role:<11} | its output cannot be read: {error}"));
            }
        }
    }
}

/// `http://127.0.0.1:41234` of the line that a process prints about its metrics.
fn metrics_url(line: &str) -> Option<String> {
    let url = line.strip_prefix("Metrics are at ")?.strip_suffix("/metrics.")?;
    Some(url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_processes_is_read_as_it_was_written_and_empty_without_a_file() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(processes(folder.path()).unwrap(), BTreeMap::new());
        let list = Processes { file: folder.path().join(PROCESSES), running: Mutex::default() };
        let process = Process { pid: 7, url: Some("http://127.0.0.1:1".to_owned()) };
        list.change(|running| drop(running.insert("relay".to_owned(), process.clone()))).unwrap();
        assert_eq!(processes(folder.path()).unwrap(), BTreeMap::from([("relay".to_owned(), process)]));
    }

    #[test]
    fn the_url_of_metrics_is_found_in_the_line_that_a_process_prints() {
        let url = metrics_url("Metrics are at http://127.0.0.1:41234/metrics.");
        assert_eq!(url.as_deref(), Some("http://127.0.0.1:41234"));
        assert_eq!(metrics_url("Running. Ctrl-C drains and stops."), None);
    }
}
