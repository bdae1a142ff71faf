//! Log lines are written by a thread of their own, so that a reader that has stopped reading does not stop the program.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, SyncSender, TrySendError};
use std::thread;
use std::time::Duration;

use tracing_subscriber::fmt::MakeWriter;

use super::metrics::{Counter, metrics};

/// Lines that may wait for the thread.
const WAITING: usize = 4_096;
/// How long the end of the program waits for the last lines.
const LEAVING: Duration = Duration::from_secs(1);

enum Message {
    Line(Vec<u8>),
    /// Everything sent before it has been written when this is answered.
    Flush(SyncSender<()>),
}

/// Passes lines on without waiting. A line for which there is no room is dropped and counted.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    to: SyncSender<Message>,
    dropped: Counter,
}

impl Lines {
    /// Starts the thread, which writes to `out` and ignores what cannot be written.
    pub(super) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (to, from) = mpsc::sync_channel(WAITING);
        thread::Builder::new().name("log-lines".to_owned()).spawn(move || write(&from, out))?;
        let dropped = metrics().log_lines_dropped.with::<&str>([]);
        Ok(Self { to, dropped })
    }

    /// Waits until everything so far is written, for a limited time.
    pub(super) fn flush(&self) {
        let (done, written) = mpsc::sync_channel(1);
        // No room: the reader does not read, and waiting would not help.
        if self.to.try_send(Message::Flush(done)).is_ok() {
            written.recv_timeout(LEAVING).ok();
        }
    }
}

fn write(from: &Receiver<Message>, mut out: impl Write) {
    for message in from {
        match message {
            // There is no other place to report that the log cannot be written.
            Message::Line(line) => drop(out.write_all(&line)),
            Message::Flush(done) => {
                drop(out.flush());
                done.send(()).ok();
            }
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match self.to.try_send(Message::Line(line.to_owned())) {
            Ok(()) => {}
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.dropped.inc();
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Lines {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    /// Hands on what is written, once it is allowed to write.
    struct Slow(Arc<Mutex<()>>, mpsc::Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            drop(self.0.lock());
            self.1.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_in_their_order_and_flushed() {
        let (to, written) = mpsc::channel();
        let mut lines = Lines::start(Slow(Arc::default(), to)).unwrap();
        for number in 0..100 {
            writeln!(lines, "{number}").unwrap();
        }
        lines.flush();
        let written: Vec<u8> = written.try_iter().flatten().collect();
        let expected: String = (0..100).map(|number| format!("{number}\n")).collect();
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }

    #[test]
    fn lines_that_are_not_read_block_no_writer_and_are_counted_when_they_are_dropped() {
        let gate = Arc::new(Mutex::new(()));
        let (to, written) = mpsc::channel();
        let mut lines = Lines::start(Slow(Arc::clone(&gate), to)).unwrap();
        let before = lines.dropped.get();
        let closed = gate.lock();
        for _ in 0..WAITING + 10 {
            lines.write_all(b"line\n").unwrap();
        }
        // One line is in the thread's hands, or not yet.
        let dropped = lines.dropped.get() - before;
        assert!((9..=10).contains(&dropped), "{dropped}");
        drop(closed);
        for _ in dropped..WAITING as u64 + 10 {
            written.recv_timeout(Duration::from_secs(60)).unwrap();
        }
        lines.flush();
        assert_eq!(written.try_iter().count(), 0);
    }
}
