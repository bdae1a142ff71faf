//! What the process reports about itself: log lines on standard error, metrics, and traces.

use std::env::VarError;
use std::ffi::OsStr;
use std::fmt;
use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

mod lines;
pub mod metrics;
mod process;
pub mod traces;

use lines::Lines;
pub use traces::export::Export;

/// The environment variable with the filter, in the syntax of `tracing-subscriber`: `warn,event_log=debug`.
pub const FILTER_VARIABLE: &str = "CHORALE_LOG";

/// The default of [`FILTER_VARIABLE`]: messages of the program's own crates from `info` on, and warnings of all crates.
pub const DEFAULT_FILTER: &str = "warn,chorale=info,platform=info,bus_kafka=info,domain=info,event_log=info,read_models=info,\
     http_server=info,command_api=info,reactors=info,projectors=info,query_api=info,import_complete_journey=info";

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object per line.
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

/// Where spans are sent: the base address of an OTLP collector that speaks HTTP, such as `http://127.0.0.1:4318`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtlpEndpoint(String);

impl OtlpEndpoint {
    /// The address that spans are posted to.
    pub fn traces(&self) -> String {
        format!("{}/v1/traces", self.0)
    }
}

impl FromStr for OtlpEndpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('/');
        match text.strip_prefix("http://") {
            Some(host) if !host.is_empty() => Ok(Self(text.to_owned())),
            _ => Err(InvalidEndpoint),
        }
    }
}

/// The address is not that of an OTLP collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must begin with http://, such as http://127.0.0.1:4318; for TLS run a collector beside the shop")]
pub struct InvalidEndpoint;

/// Why logging or exporting cannot start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be parsed.
    #[error("{FILTER_VARIABLE} is not a log filter")]
    Filter(#[source] ParseError),
    /// A word of the filter names no level.
    #[error(
        "{FILTER_VARIABLE}: {0:?} is not a level; use off, error, warn, info, debug or trace, or target=level for one target"
    )]
    Level(String),
    /// The filter is not valid UTF-8.
    #[error("{FILTER_VARIABLE} is not valid UTF-8")]
    Text,
    /// The thread that writes log lines cannot be started.
    #[error("log lines cannot be written")]
    Thread(#[source] std::io::Error),
    /// Logging was initialised before in this process.
    #[error("logging is already initialised")]
    Twice(#[source] tracing_subscriber::util::TryInitError),
    /// The exporter of spans cannot be built.
    #[error("traces cannot be exported")]
    Export(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// This build has no exporter of spans.
    #[error("this build cannot export traces; build it with `--features servers`")]
    WithoutOtlp,
}

/// Logging and exporting. Dropping it writes the last lines and exports the last spans.
#[derive(Debug)]
pub struct Telemetry {
    lines: Lines,
    _export: Option<Export>,
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.lines.flush();
    }
}

/// Starts logging, and exporting spans if there is an endpoint. Call it once per process, before anything else.
///
/// Logging never waits: while standard error is not read, lines are dropped and counted.
pub fn init(format: LogFormat, otlp: Option<&OtlpEndpoint>) -> Result<Telemetry, TelemetryError> {
    let colours = colours(std::io::stderr().is_terminal(), std::env::var_os("NO_COLOR").as_deref());
    let given = match std::env::var(FILTER_VARIABLE) {
        Ok(text) => Some(text),
        Err(VarError::NotPresent) => None,
        Err(VarError::NotUnicode(_)) => return Err(TelemetryError::Text),
    };
    let filter = filter(given.as_deref())?;
    let export = otlp.map(Export::start).transpose()?;
    let spans = export.as_ref().map(Export::layer);
    let lines = Lines::start(std::io::stderr()).map_err(TelemetryError::Thread)?;
    let layer = layer(format, colours, lines.clone()).with_filter(filter);
    tracing_subscriber::registry().with(layer).with(spans).try_init().map_err(TelemetryError::Twice)?;
    Ok(Telemetry { lines, _export: export })
}

/// Colours are for terminals, unless the user asks for none (<https://no-color.org>).
fn colours(terminal: bool, no_color: Option<&OsStr>) -> bool {
    terminal && no_color.is_none_or(OsStr::is_empty)
}

fn filter(text: Option<&str>) -> Result<EnvFilter, TelemetryError> {
    let text = text.filter(|text| !text.trim().is_empty()).unwrap_or(DEFAULT_FILTER);
    // `tracing-subscriber` reads a word that is no level as the name of a target: `warning` would switch everything else off.
    let is_word = |part: &&str| !part.is_empty() && !part.contains(['=', '[']);
    let mut words = text.split(',').map(str::trim).filter(is_word);
    if let Some(word) = words.find(|word| word.parse::<LevelFilter>().is_err()) {
        return Err(TelemetryError::Level(word.to_owned()));
    }
    EnvFilter::try_new(text).map_err(TelemetryError::Filter)
}

fn layer<W>(format: LogFormat, colours: bool, writer: W) -> Box<dyn Layer<Registry> + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer().with_writer(writer).log_internal_errors(false);
    match format {
        LogFormat::Human => lines.with_ansi(colours).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn said(format: LogFormat, colours: bool, text: Option<&str>) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let lines_layer = super::layer(format, colours, move || writer.clone());
        let subscriber = tracing_subscriber::registry().with(lines_layer.with_filter(filter(text).unwrap()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "event_log::writer", batch = 3, "committed");
            tracing::info!(target: "somebody_else", "chatter");
            tracing::debug!(target: "event_log", "details");
        });
        String::from_utf8(lines.0.lock().clone()).unwrap()
    }

    #[test]
    fn logs_messages_of_its_own_crates_only() {
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
    fn a_word_that_is_no_level_is_refused_instead_of_silencing_everything() {
        for word in ["warning", "event_log", "info,verbose"] {
            assert!(matches!(filter(Some(word)), Err(TelemetryError::Level(_))), "{word}");
        }
        for fine in ["WARN", "off", "info,event_log=debug", "warn,event_log[writer]=trace,"] {
            filter(Some(fine)).unwrap();
        }
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
    fn an_endpoint_is_the_base_address_of_a_collector() {
        let endpoint: OtlpEndpoint = "http://127.0.0.1:4318/".parse().unwrap();
        assert_eq!(endpoint.traces(), "http://127.0.0.1:4318/v1/traces");
        for bad in ["https://collector:4318", "collector:4317", "http://", ""] {
            assert_eq!(bad.parse::<OtlpEndpoint>(), Err(InvalidEndpoint), "{bad}");
        }
    }

    #[test]
    fn spans_are_disabled_unless_traces_are_exported() {
        let lines_layer = super::layer(LogFormat::Human, false, std::io::sink);
        let subscriber = tracing_subscriber::registry().with(lines_layer.with_filter(filter(None).unwrap()));
        tracing::subscriber::with_default(subscriber, || {
            let span = crate::trace_span!("batch", size = 3);
            assert!(span.is_disabled());
            assert_eq!(traces::traceparent(&span), None);
        });
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
