//! Lines on standard output and standard error.
//!
//! `println!` panics if what it prints cannot be written: the other end of the pipe was closed, or the disk behind a redirection
//! is full. A server goes on serving then, so a line that cannot be written is dropped.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

/// Writes a line to standard output.
pub fn print(line: impl Display) {
    // There is no other place to report it.
    drop(writeln!(io::stdout(), "{line}"));
}

/// Writes a line to standard error, for people.
pub fn note(line: impl Display) {
    // There is no other place to report it.
    drop(writeln!(io::stderr(), "{line}"));
}

/// The result of a command on standard output.
///
/// A command that only shows something ends when its reader has gone: the write fails with
/// [`BrokenPipe`](ErrorKind::BrokenPipe). A command that changes or checks something finishes its work in any case: a reader that
/// has gone is none of its concern, and any other failure is kept for [`finish`](Self::finish).
#[derive(Debug)]
pub struct Output<W> {
    to: W,
    finishes: bool,
    lost: Option<io::Error>,
    is_broken: bool,
    has_no_reader: bool,
    is_used: bool,
}

impl<W: Write> Output<W> {
    /// For a command that only shows something.
    pub fn showing(to: W) -> Self {
        Self { to, finishes: false, lost: None, is_broken: false, has_no_reader: false, is_used: false }
    }

    /// For a command whose work or exit code matters.
    pub fn finishing(to: W) -> Self {
        Self { finishes: true, ..Self::showing(to) }
    }

    /// Flushes. An error if the output could not be written, unless only its reader was closed. A command that has written
    /// nothing here has lost nothing: lines of [`print`] may be lost.
    pub fn finish(&mut self) -> io::Result<()> {
        if !self.is_used {
            return Ok(());
        }
        self.flush()?;
        self.lost.take().map_or(Ok(()), Err)
    }

    /// Whether a command that only shows something has ended because its reader was closed.
    pub fn ended_with_its_reader(&self) -> bool {
        !self.finishes && self.has_no_reader
    }

    fn survive<T>(&mut self, result: io::Result<T>, instead: T) -> io::Result<T> {
        let error = match result {
            Err(error) if error.kind() != ErrorKind::Interrupted => error,
            result => return result,
        };
        let no_reader = error.kind() == ErrorKind::BrokenPipe;
        self.has_no_reader |= no_reader;
        if !self.finishes {
            return Err(error);
        }
        self.is_broken = true;
        if !no_reader {
            self.lost.get_or_insert(error);
        }
        Ok(instead)
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.is_used = true;
        if self.is_broken {
            return Ok(bytes.len());
        }
        let result = self.to.write(bytes);
        self.survive(result, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_broken {
            return Ok(());
        }
        let result = self.to.flush();
        self.survive(result, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails with this error.
    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    #[test]
    fn a_command_that_shows_something_ends_with_its_reader() {
        let mut output = Output::showing(Broken(ErrorKind::BrokenPipe));
        assert_eq!(writeln!(output, "one").unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert!(output.ended_with_its_reader());
    }

    #[test]
    fn a_command_that_does_something_finishes_without_its_reader() {
        let mut output = Output::finishing(Broken(ErrorKind::BrokenPipe));
        writeln!(output, "one").unwrap();
        writeln!(output, "two").unwrap();
        output.finish().unwrap();
        assert!(!output.ended_with_its_reader());
    }

    #[test]
    fn a_command_that_does_something_reports_at_the_end_that_its_output_is_lost() {
        let mut output = Output::finishing(Broken(ErrorKind::StorageFull));
        writeln!(output, "one").unwrap();
        writeln!(output, "two").unwrap();
        assert_eq!(output.finish().unwrap_err().kind(), ErrorKind::StorageFull);
    }

    #[test]
    fn a_command_that_has_written_nothing_has_lost_nothing() {
        Output::finishing(Broken(ErrorKind::StorageFull)).finish().unwrap();
    }

    #[test]
    fn what_can_be_written_is_written() {
        let mut text = Vec::new();
        let mut output = Output::finishing(&mut text);
        writeln!(output, "one").unwrap();
        output.finish().unwrap();
        assert_eq!(text, b"one\n");
    }
}
