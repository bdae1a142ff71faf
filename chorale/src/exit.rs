//! How a program of this workspace ends.

use std::io::Write;
use std::process::ExitCode;

use platform::output::{Output, note};

/// The exit code of a result. `Ok(false)`: the work is done and has found something wrong. An error is printed with its
/// causes. A command that only shows something has succeeded if its reader has read enough.
pub fn code<W: Write>(program: &str, result: anyhow::Result<bool>, mut out: Output<W>) -> ExitCode {
    let written = out.finish();
    match (result, written) {
        _ if out.ended_with_its_reader() => ExitCode::SUCCESS,
        (Ok(true), Ok(())) => ExitCode::SUCCESS,
        (Ok(false), Ok(())) => ExitCode::FAILURE,
        (Err(error), _) => {
            note(format_args!("{program}: {error:#}"));
            ExitCode::FAILURE
        }
        (Ok(_), Err(error)) => {
            note(format_args!("{program}: the work is done, but standard output cannot be written: {error}"));
            ExitCode::FAILURE
        }
    }
}
