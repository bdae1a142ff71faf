//! What the process says about itself, on standard error.

use std::ffi::OsStr;
use std::fmt;
use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// The environment variable with the filter, in the syntax of `tracing-subscriber`: `warn,event_log=debug`.
pub const FILTER_VARIABLE: &str = "CHORALE_LOG";

/// What is said unless [`FILTER_VARIABLE`] says otherwise: the program's own news, and warnings of everybody.
pub const DEFAULT_FILTER: &str = "warn,chorale=info,platform=info,bus_kafka=info,domain=info,event_log=info,read_models=info,\
     http_server=info,command_api=info,reactors=info,projectors=info,query_api=info,import_complete_journey=info";

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Json => "json",
        })
    }
}

impl FromStr for LogFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(UnknownFormat),
        }
    }
}

/// No log format has that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be human or json")]
pub struct UnknownFormat;

/// Why the process cannot log.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not one.
    #[error("{FILTER_VARIABLE} is not a log filter")]
    Filter(#[source] ParseError),
    /// Somebody else has taken over logging in this process.
    #[error("logging is set up already")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
}

/// Begins to log; once per process, before anything else.
pub fn init(format: LogFormat) -> Result<(), TelemetryError> {
    let colours = colours(std::io::stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref());
    let filter = filter(std::env::var(FILTER_VARIABLE).ok().as_deref())?;
    dispatch(format, colours, filter, std::io::stderr).try_init().map_err(TelemetryError::Twice)
}

/// Colours only for people, and only for those who did not ask to be spared (<https://no-color.org>).
fn colours(terminal: bool, no_color: Option<&OsStr>) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty)
}

fn filter(text: Option<&str>) -> Result<EnvFilter, TelemetryError> {
    let text = text.filter(|text| !text.trim().is_empty()).unwrap_or(DEFAULT_FILTER);
    EnvFilter::try_new(text).map_err(TelemetryError::Filter)
}

fn dispatch<W>(format: LogFormat, colours: bool, filter: EnvFilter, writer: W) -> tracing::Dispatch
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Human => lines.with_ansi(colours).into(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn said(format: LogFormat, colours: bool, text: Option<&str>) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let dispatch = dispatch(format, colours, filter(text).unwrap(), move || writer.clone());
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::info!(target: "event_log::writer", batch = 3, "committed");
            tracing::info!(target: "somebody_else", "chatter");
            tracing::debug!(target: "event_log", "details");
        });
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn says_the_programs_own_news_and_nobody_elses() {
        let said = said(LogFormat::Human, false, None);
        assert!(said.contains("committed batch=3"), "{said}");
        assert!(!said.contains("chatter") && !said.contains("details") && !said.contains('\x1b'), "{said}");
    }

    #[test]
    fn the_filter_can_be_set_and_an_empty_one_is_none() {
        assert!(said(LogFormat::Human, false, Some("debug")).contains("details"));
        assert!(said(LogFormat::Human, false, Some(" ")).contains("committed"));
        assert!(matches!(filter(Some("event_log=loud")), Err(TelemetryError::Filter(_))));
    }

    #[test]
    fn json_lines_are_json_objects() {
        let said = said(LogFormat::Json, true, None);
        let line: serde_json::Value = serde_json::from_str(said.trim()).unwrap();
        assert_eq!(
            (&line["message"], &line["batch"], &line["level"]),
            (&"committed".into(), &3.into(), &"INFO".into())
        );
    }

    #[test]
    fn colours_are_for_terminals_of_people_who_want_them() {
        assert!(colours(true, None));
        assert!(colours(true, Some(OsStr::new(""))));
        assert!(!colours(true, Some(OsStr::new("1"))));
        assert!(!colours(false, None));
        assert!(said(LogFormat::Human, true, None).contains('\x1b'));
    }

    #[test]
    fn formats_are_read_as_they_are_written() {
        for format in [LogFormat::Human, LogFormat::Json] {
            assert_eq!(format.to_string().parse(), Ok(format));
        }
        assert_eq!("xml".parse::<LogFormat>(), Err(UnknownFormat));
    }
}
