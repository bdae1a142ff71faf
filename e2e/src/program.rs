//! Starts the program, reads its output, and calls it over HTTP.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use parking_lot::Mutex;
use reqwest::{Client, Method};
use serde_json::{Value, json};

/// Upper limit for every wait, far above what a busy machine needs. It only ends a hang.
pub const SOON: Duration = Duration::from_secs(300);
const FREE_PORTS: [&str; 2] = ["--listen=127.0.0.1:0", "--staff-listen=127.0.0.1:0"];
/// Key for log heads: the first test vector of RFC 8032, which is not a secret.
const AUDIT_KEY: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
/// Time in which a shop must end after SIGTERM: the usual grace period of orchestrators. Its own limit for draining is
/// shorter and is visible in its exit code.
const LEAVING: Duration = Duration::from_secs(30);

/// The program, built from this workspace, or the prebuilt one at `CHORALE_BIN`.
fn binary() -> Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let given = || std::env::var_os("CHORALE_BIN").map(PathBuf::from);
    let built = BINARY.get_or_init(|| given().map_or_else(build, Ok).map_err(|error| format!("{error:#}")));
    built.as_deref().map_err(|problem| anyhow::anyhow!("{problem}"))
}

fn build() -> Result<PathBuf> {
    // target/debug/deps/all-… is this program.
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(Path::parent).context("the target directory has moved")?;
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--package", "chorale", "--bin", "chorale", "--features", "servers"]);
    if let Some(target) = folder.parent() {
        cargo.arg("--target-dir").arg(target);
    }
    if folder.ends_with("release") {
        cargo.arg("--release");
    }
    let output = cargo.output().context("cargo cannot be started")?;
    ensure!(output.status.success(), "chorale cannot be built: {}", String::from_utf8_lossy(&output.stderr));
    Ok(folder.join("chorale"))
}

fn command(data: &Path, args: &[&str]) -> Result<Command> {
    arguments(Command::new(binary()?), data, args)
}

/// The program with at most this many descriptors.
fn command_with_descriptors(descriptors: u32, data: &Path, args: &[&str]) -> Result<Command> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n \"$1\" && shift && exec \"$@\"", "sh"]).arg(descriptors.to_string());
    shell.arg(binary()?);
    arguments(shell, data, args)
}

fn arguments(mut command: Command, data: &Path, args: &[&str]) -> Result<Command> {
    command.arg("--data-dir").arg(data).args(args).env_remove("CHORALE_LOG").env_remove("RUST_LOG");
    command.env("CHORALE_AUDIT_KEY", AUDIT_KEY);
    Ok(command)
}

/// Runs the program until it ends.
pub fn run(data: &Path, args: &[&str]) -> Result<Output> {
    Ok(command(data, args)?.output()?)
}

/// Runs the program until it ends, with a closed standard output.
pub fn run_with_closed_output(data: &Path, args: &[&str]) -> Result<ExitStatus> {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    Ok(command(data, args)?.stdout(writer).stderr(Stdio::null()).status()?)
}

/// Starts the program with these ends of its output.
pub fn spawn(data: &Path, args: &[&str], stdout: Stdio, stderr: Stdio) -> Result<Child> {
    Ok(command(data, args)?.stdout(stdout).stderr(stderr).spawn()?)
}

/// Runs an operator's command, which must succeed. Returns its output.
pub fn printed(data: &Path, args: &[&str]) -> Result<String> {
    let output = run(data, args)?;
    let text = String::from_utf8(output.stdout)?;
    ensure!(output.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    Ok(text)
}

/// Output of a command with `--json`: one object per line.
pub fn objects(data: &Path, args: &[&str]) -> Result<Vec<Value>> {
    let text = printed(data, &[args, &["--json"]].concat())?;
    let read = |line: &str| serde_json::from_str(line).with_context(|| format!("{args:?} printed {line}"));
    text.lines().map(read).collect()
}

/// A shop, or a part of one, in a separate process. Killed when it is dropped.
pub struct Program {
    child: Child,
    lines: Mutex<mpsc::Receiver<String>>,
    /// All lines that it has printed.
    pub heard: Vec<String>,
    public: String,
    staff: String,
    /// HTTP client for requests that have no method here.
    pub client: Client,
}

impl Drop for Program {
    fn drop(&mut self) {
        // The process may have ended already.
        if self.child.kill().is_ok() {
            drop(self.child.wait());
        }
    }
}

impl Program {
    /// Starts a shop, or a part of it, and waits until it is ready. It listens on free ports, unless `args` contain
    /// addresses.
    pub fn start(data: &Path, args: &[&str]) -> Result<Self> {
        let free: &[&str] = match args.iter().any(|arg| arg.starts_with("--listen")) {
            true => &[],
            false => &FREE_PORTS,
        };
        Self::listening_to(command(data, &[free, args].concat())?)
    }

    /// Starts a shop in a namespace of its own where each of these folders is a file system in memory of `size` bytes, with
    /// a copy of the folder's files. Their content is at [`Program::seen`].
    pub fn start_on_small_disks(data: &Path, disks: &[PathBuf], size: u64, args: &[&str]) -> Result<Self> {
        let shop = command(data, &[FREE_PORTS.as_slice(), args].concat())?;
        let mount = format!(
            "set -e
            n=$1; shift
            while [ $n -gt 0 ]; do
                copy=$(mktemp -d); cp -a \"$1/.\" $copy
                mount -t tmpfs -o size={size} tmpfs \"$1\"
                cp -a $copy/. \"$1\"; rm -r $copy
                shift; n=$((n - 1))
            done
            exec \"$@\""
        );
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", &mount, "sh"]);
        command.arg(disks.len().to_string()).args(disks).arg(shop.get_program()).args(shop.get_args());
        for (name, value) in shop.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Self::listening_to(command)
    }

    /// A path as the process sees it.
    pub fn seen(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.child.id()));
        root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Like [`start`](Self::start) on free ports, with at most this many descriptors.
    pub fn start_with_descriptors(descriptors: u32, data: &Path) -> Result<Self> {
        Self::listening_to(command_with_descriptors(descriptors, data, &FREE_PORTS)?)
    }

    /// Starts a process, and waits until it is ready.
    fn listening_to(mut command: Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        // Unbounded: a process whose output is not read would block while writing.
        let (output, lines) = mpsc::channel();
        listen(child.stdout.take().context("standard output is not piped")?, output.clone());
        listen(child.stderr.take().context("standard error is not piped")?, output);
        let lines = Mutex::new(lines);
        let client = Client::builder().timeout(SOON).build()?;
        let (heard, public, staff) = (Vec::new(), String::new(), String::new());
        let mut program = Self { child, lines, heard, public, staff, client };
        program.until("Ctrl-C")?;
        // A role without an API prints no address.
        let of =
            |label: &str| program.heard.iter().find(|line| line.contains(label)).map(|line| address(line));
        let (public, staff) = (of("for shoppers").transpose()?, of("back office").transpose()?);
        (program.public, program.staff) = (public.unwrap_or_default(), staff.unwrap_or_default());
        Ok(program)
    }

    /// Waits for a line that contains `text`.
    pub fn until(&mut self, text: &str) -> Result<String> {
        let deadline = Instant::now() + SOON;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let next = self.lines.lock().recv_timeout(left);
            let Ok(line) = next else { bail!("it did not print {text:?}: {:#?}", self.heard) };
            self.heard.push(line.clone());
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    /// The printed lines that have not been read.
    pub fn unread(&self) -> Vec<String> {
        self.lines.lock().try_iter().collect()
    }

    /// Addresses of the public and the back office's API.
    pub fn addresses(&self) -> (&str, &str) {
        (&self.public, &self.staff)
    }

    /// Whether it is still running.
    pub fn lives(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    pub fn kill_now(&self) -> Result<()> {
        self.signal("-KILL")
    }

    /// Its memory now and at most so far (resident set), in bytes.
    pub fn memory(&self) -> Result<(u64, u64)> {
        let file = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(&file).with_context(|| file.clone())?;
        let read = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
            let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
            anyhow::Ok(kibibytes * 1024)
        };
        Ok((read("VmRSS:")?, read("VmHWM:")?))
    }

    /// Sends a signal, named as for `kill`: `-STOP`.
    pub fn signal(&self, signal: &str) -> Result<()> {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        ensure!(sent.success(), "no signal was sent");
        Ok(())
    }

    /// Sends SIGTERM, and waits for a clean exit.
    pub fn leave(mut self) -> Result<()> {
        self.signal("-TERM")?;
        let since = Instant::now();
        self.until("Stopped.")?;
        let status = self.child.wait()?;
        ensure!(status.success(), "it exited with {status}: {:#?}", self.heard);
        ensure!(since.elapsed() < LEAVING, "it took {:?} to stop", since.elapsed());
        Ok(())
    }

    /// Sends a request to the shoppers' address. Returns status and body.
    pub async fn shopper(&self, path: &str, key: &str, body: Value) -> Result<(u16, Value)> {
        self.send(&self.public, path, key, body).await
    }

    /// Sends a request to the back office's address. Returns status and body.
    pub async fn office(&self, path: &str, key: &str, body: Value) -> Result<(u16, Value)> {
        self.send(&self.staff, path, key, body).await
    }

    async fn send(&self, address: &str, path: &str, key: &str, body: Value) -> Result<(u16, Value)> {
        let request = self.client.request(Method::POST, format!("http://{address}{path}"));
        let answer = request.header("Idempotency-Key", key).json(&body).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    /// Places an order with a key. Returns its id and number.
    pub async fn order(&self, key: &str, sku: &str, email: &str) -> Result<(String, String)> {
        let (status, answer) = self.shopper("/v1/orders", key, basket(sku, email)).await?;
        ensure!(status == 201, "{status}: {answer}");
        let text = |name: &str| {
            answer[name].as_str().map(str::to_owned).with_context(|| format!("no {name}: {answer}"))
        };
        Ok((text("orderId")?, text("orderNumber")?))
    }

    /// Runs a query of the back office.
    pub async fn ask(&self, query: &str) -> Result<Value> {
        let (status, answer) = self.office("/admin/graphql", "none", json!({ "query": query })).await?;
        ensure!(status == 200 && answer["errors"].is_null(), "{status}: {answer}");
        Ok(answer["data"].clone())
    }

    /// Waits until the order with this number has one of these statuses.
    pub async fn until_order(&self, number: &str, statuses: &[&str]) -> Result<()> {
        let query = format!("{{ order(by: {{ number: {number:?} }}) {{ status }} }}");
        let arrives = async {
            loop {
                let answer = self.ask(&query).await?;
                let status = answer["order"]["status"].as_str().unwrap_or_default();
                if statuses.contains(&status) {
                    return anyhow::Ok(());
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(SOON, arrives)
            .await
            .with_context(|| format!("{number} never had one of the statuses {statuses:?}"))?
    }

    /// Waits until a page of the back office contains a text, and returns it.
    pub async fn until_page(&self, path: &str, text: &str) -> Result<String> {
        let arrives = async {
            loop {
                let (status, page) = self.page(true, path).await?;
                ensure!(status == 200, "{path} answers {status}: {page}");
                if page.contains(text) {
                    return anyhow::Ok(page);
                }
                tokio::task::yield_now().await;
            }
        };
        let waited = tokio::time::timeout(SOON, arrives).await;
        waited.with_context(|| format!("{path} never contained {text}"))?
    }

    /// A page of one of the addresses.
    pub async fn page(&self, staff: bool, path: &str) -> Result<(u16, String)> {
        let address = if staff { &self.staff } else { &self.public };
        let answer = self.client.get(format!("http://{address}{path}")).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}

fn listen(output: impl Read + Send + 'static, lines: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                return;
            }
        }
    });
}

/// `127.0.0.1:41234` of a line with an address in it.
fn address(line: &str) -> Result<String> {
    let rest = line.split("http://").nth(1).with_context(|| format!("no address in {line:?}"))?;
    Ok(rest.split('/').next().unwrap_or(rest).to_owned())
}

/// An order of one unit.
pub fn basket(sku: &str, email: &str) -> Value {
    json!({
        "lines": [{ "sku": sku, "quantity": 1 }],
        "email": email,
        "shippingAddress": {
            "name": "Wilhelmine Unverwechselbar", "lines": ["Unverwechselbare Gasse 77"], "postalCode": "10115",
            "city": "Berlin", "country": "DE",
        },
        "paymentToken": "tok_ok",
    })
}
