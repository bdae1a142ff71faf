//! Sends real signals to a process: this test binary, started again.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use platform::shutdown::Shutdown;

/// Set in the signalled process: how long one of its tasks takes to drain, in milliseconds.
const DRAIN: &str = "PLATFORM_TEST_DRAIN_MS";

/// The work of the signalled process. Does nothing in the test run itself.
#[tokio::test]
async fn the_signalled_process() {
    let Ok(millis) = std::env::var(DRAIN) else { return };
    let shutdown = Shutdown::on_signals().unwrap();
    println!("\nready");
    let (token, drain) = (shutdown.token().clone(), Duration::from_millis(millis.parse().unwrap()));
    shutdown.spawn(async move {
        token.cancelled().await;
        println!("draining");
        tokio::time::sleep(drain).await;
        println!("drained");
    });
    shutdown.begun().await;
    shutdown.drained(Duration::from_secs(60)).await.unwrap();
}

struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(drain_millis: u64) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_signalled_process", "--nocapture"])
            .env(DRAIN, drain_millis.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    fn wait_for(&mut self, line: &str) {
        let mut read = String::new();
        while read.trim() != line {
            read.clear();
            assert_ne!(self.output.read_line(&mut read).unwrap(), 0, "ended before it said {line:?}");
        }
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    fn code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_first_signal_drains_and_exits_with_success() {
    for signal in ["INT", "TERM"] {
        let mut process = Process::start(50);
        process.wait_for("ready");
        process.signal(signal);
        process.wait_for("drained");
        assert_eq!(process.code(), Some(0));
    }
}

#[test]
fn a_second_signal_exits_at_once() {
    let mut process = Process::start(600_000);
    process.wait_for("ready");
    process.signal("INT");
    process.wait_for("draining");
    process.signal("TERM");
    assert_eq!(process.code(), Some(128 + 15));
}
