//! Every metric of the program, in one place. Each role serves them at `/metrics` in the OpenMetrics text format.
//!
//! Names follow the conventions of OpenTelemetry and Prometheus: base units, `_total` on counters, the unit as a suffix.
//! Labels have few values, all known in advance: no ids, no addresses. `docs/metrics.md` is generated from [`list`].

use std::borrow::Cow;
use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicI64, AtomicU64};

use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram;
use prometheus_client::registry::{Registry, Unit};

use super::process::Process;

/// The content type of what [`render`] returns.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A number that only increases.
pub type Counter = prometheus_client::metrics::counter::Counter<u64, AtomicU64>;
/// A whole number that increases and decreases.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<i64, AtomicI64>;
/// A fractional number that increases and decreases.
pub type Fraction = prometheus_client::metrics::gauge::Gauge<f64, AtomicU64>;
/// Observations, counted in buckets.
pub type Histogram = histogram::Histogram;

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];
type Make<M> = fn() -> M;

/// One metric per combination of label values. Cheap to clone; clones share the values.
#[derive(Clone, Debug)]
pub struct Vector<M, const N: usize> {
    labels: [&'static str; N],
    family: Family<Labels<N>, M, Make<M>>,
}

impl<M: Clone, const N: usize> Vector<M, N> {
    /// The metric with these label values, in the order of the labels. A loop keeps the result instead of asking again.
    pub fn with<V: Into<Cow<'static, str>>>(&self, values: [V; N]) -> M {
        self.family.get_or_create_owned(&self.labelled(values))
    }

    /// Stops serving the metric with these label values, because its value is not known.
    pub fn remove<V: Into<Cow<'static, str>>>(&self, values: [V; N]) {
        self.family.remove(&self.labelled(values));
    }

    /// Stops serving the metric, whatever the label values.
    pub fn clear(&self) {
        self.family.clear();
    }

    fn labelled<V: Into<Cow<'static, str>>>(&self, values: [V; N]) -> Labels<N> {
        let mut values = values.into_iter().map(Into::into);
        self.labels.map(|label| (label, values.next().unwrap_or_default()))
    }
}

/// A metric as `docs/metrics.md` lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// The name as it is served, with unit and `_total`.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// The unit; `None` for plain numbers.
    pub unit: Option<&'static str>,
    /// The names of its labels.
    pub labels: Vec<&'static str>,
    /// What it counts.
    pub meaning: &'static str,
}

/// The instruments of the program.
pub struct Metrics {
    /// By method, route and status.
    pub http_requests: Vector<Histogram, 3>,
    /// By method.
    pub http_active: Vector<Gauge, 1>,
    /// By address.
    pub http_connections: Vector<Gauge, 1>,
    /// By address and reason.
    pub http_closed: Vector<Counter, 2>,
    /// By address.
    pub http_refused: Vector<Counter, 1>,
    /// By schema and outcome.
    pub graphql_operations: Vector<Histogram, 2>,
    /// By outcome.
    pub graphql_cached_answers: Vector<Counter, 1>,
    /// By schema and transport.
    pub graphql_subscriptions: Vector<Gauge, 2>,
    /// By schema.
    pub graphql_connections: Vector<Gauge, 1>,
    /// By schema and reason.
    pub graphql_closed: Vector<Counter, 2>,
    /// By context and outcome.
    pub commands: Vector<Counter, 2>,
    /// By context.
    pub writer_queue: Vector<Gauge, 1>,
    /// By context.
    pub writer_batch: Vector<Histogram, 1>,
    /// By context.
    pub log_events: Vector<Counter, 1>,
    /// By context.
    pub log_conflicts: Vector<Counter, 1>,
    /// By context and operation.
    pub log_calls: Vector<Histogram, 2>,
    /// By context and outcome.
    pub relay_transactions: Vector<Histogram, 2>,
    /// By context.
    pub relay_events: Vector<Counter, 1>,
    /// By context.
    pub relay_leader: Vector<Gauge, 1>,
    /// By reactor and outcome.
    pub reactions: Vector<Histogram, 2>,
    /// By reactor.
    pub reactions_parked: Vector<Counter, 1>,
    /// By reactor.
    pub reactor_lag: Vector<Gauge, 1>,
    /// By reactor.
    pub reactor_lag_seconds: Vector<Fraction, 1>,
    /// By reactor.
    pub reactor_parked: Vector<Gauge, 1>,
    /// By context and outcome.
    pub deadlines: Vector<Counter, 2>,
    /// By projection.
    pub projector_batch: Vector<Histogram, 1>,
    /// By projection.
    pub projector_records: Vector<Counter, 1>,
    /// By projection.
    pub projector_lag: Vector<Gauge, 1>,
    /// By projection.
    pub projector_lag_seconds: Vector<Fraction, 1>,
    /// By projection.
    pub projector_quarantined: Vector<Gauge, 1>,
    /// By operation.
    pub store_calls: Vector<Histogram, 1>,
    /// By collection and outcome.
    pub hot_view_reads: Vector<Counter, 2>,
    /// Of the whole process.
    pub log_lines_dropped: Vector<Counter, 0>,
    registry: Registry,
    list: Vec<Described>,
}

/// The one set of instruments of a process.
static METRICS: LazyLock<Metrics> = LazyLock::new(Metrics::new);

/// The instruments of this process.
pub fn metrics() -> &'static Metrics {
    &METRICS
}

/// The current values of all metrics of this process, as OpenMetrics text.
pub fn render() -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode(&mut text, &METRICS.registry)?;
    Ok(text)
}

/// All metrics, in the order in which they are served.
pub fn list() -> &'static [Described] {
    &METRICS.list
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("list", &self.list).finish_non_exhaustive()
    }
}

/// Adds the time since its creation to a histogram, in seconds.
#[derive(Debug)]
#[must_use]
pub struct Timer(std::time::Instant);

impl Timer {
    /// Starts now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Observes the time since the start.
    pub fn observe(self, histogram: &Histogram) {
        histogram.observe(self.0.elapsed().as_secs_f64());
    }
}

/// Awaits `call`, and adds the time that it took to `histogram`, in seconds.
pub async fn observed<T>(histogram: &Histogram, call: impl Future<Output = T>) -> T {
    let timer = Timer::start();
    let answer = call.await;
    timer.observe(histogram);
    answer
}

/// 100 µs to 10 s.
fn seconds() -> Histogram {
    Histogram::new([
        0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
        10.0,
    ])
}

/// 1 to 4096, each bound twice the previous one.
fn sizes() -> Histogram {
    Histogram::new([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 2048.0, 4096.0])
}

#[derive(Default)]
struct Builder {
    registry: Registry,
    list: Vec<Described>,
}

impl Builder {
    fn add<M, const N: usize>(
        &mut self,
        kind: MetricType,
        name: &'static str,
        unit: Option<Unit>,
        labels: [&'static str; N],
        meaning: &'static str,
        make: Make<M>,
    ) -> Vector<M, N>
    where
        M: Clone
            + EncodeMetric
            + prometheus_client::metrics::TypedMetric
            + fmt::Debug
            + Send
            + Sync
            + 'static,
    {
        let family = Family::new_with_constructor(make);
        self.describe(kind, name, unit.as_ref(), labels.to_vec(), meaning);
        // The registry ends each help text with a full stop of its own.
        let help = meaning.trim_end_matches('.');
        match unit {
            Some(unit) => self.registry.register_with_unit(name, help, unit, family.clone()),
            None => self.registry.register(name, help, family.clone()),
        }
        Vector { labels, family }
    }

    fn describe(
        &mut self,
        kind: MetricType,
        name: &str,
        unit: Option<&Unit>,
        labels: Vec<&'static str>,
        meaning: &'static str,
    ) {
        let (kind, end) = match kind {
            MetricType::Counter => ("counter", "_total"),
            MetricType::Histogram => ("histogram", ""),
            _ => ("gauge", ""),
        };
        let unit = unit.map(|unit| match unit {
            Unit::Seconds => "seconds",
            Unit::Bytes => "bytes",
            _ => "",
        });
        let suffix = unit.map(|unit| format!("_{unit}")).unwrap_or_default();
        self.list.push(Described { name: format!("{name}{suffix}{end}"), kind, unit, labels, meaning });
    }

    fn counter<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        meaning: &'static str,
    ) -> Vector<Counter, N> {
        self.add(MetricType::Counter, name, None, labels, meaning, Counter::default)
    }

    fn gauge<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        meaning: &'static str,
    ) -> Vector<Gauge, N> {
        self.add(MetricType::Gauge, name, None, labels, meaning, Gauge::default)
    }

    fn age<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        meaning: &'static str,
    ) -> Vector<Fraction, N> {
        self.add(MetricType::Gauge, name, Some(Unit::Seconds), labels, meaning, Fraction::default)
    }

    fn durations<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        meaning: &'static str,
    ) -> Vector<Histogram, N> {
        self.add(MetricType::Histogram, name, Some(Unit::Seconds), labels, meaning, seconds)
    }

    fn sizes<const N: usize>(
        &mut self,
        name: &'static str,
        labels: [&'static str; N],
        meaning: &'static str,
    ) -> Vector<Histogram, N> {
        self.add(MetricType::Histogram, name, None, labels, meaning, sizes)
    }
}

impl Metrics {
    #[rustfmt::skip]
    fn new() -> Self {
        let mut b = Builder::default();
        let process = Process::new();
        for (name, unit, kind, meaning) in Process::DESCRIBED {
            b.describe(kind, name, unit.as_ref(), Vec::new(), meaning);
        }
        b.registry.register_collector(Box::new(process));
        Self {
            http_requests: b.durations("http_server_request_duration", ["http_request_method", "http_route", "http_response_status_code"], "Time from the request's head to the response's head."),
            http_active: b.gauge("http_server_active_requests", ["http_request_method"], "Requests that are being answered."),
            http_connections: b.gauge("http_server_open_connections", ["address"], "Connections that are open now, WebSockets included. Address: `shoppers`, `office` or `metrics`."),
            http_closed: b.counter("http_server_closed_connections", ["address", "reason"], "Connections that the server closed. Reason: `head` (the head of a request did not come in time), `idle` (no further request), `stalled` (the client did not read its response), `displaced` (another connection needed the place), `shutdown`."),
            http_refused: b.counter("http_server_refused_connections", ["address"], "Attempts to accept a connection that the system refused, such as for lack of descriptors; the connection waits, and is accepted later."),
            graphql_operations: b.durations("graphql_server_operation_duration", ["graphql_schema", "outcome"], "Time to execute a GraphQL operation. Outcome: `ok`, or `errors` if the response contains errors."),
            graphql_cached_answers: b.counter("graphql_server_cached_answers", ["outcome"], "Operations of the storefront that may be answered from the cache of answers. Outcome: `hit`, `miss` (read for all who ask), or `alone` (read for one, because it fails, or because the catalog changes all the time)."),
            graphql_subscriptions: b.gauge("graphql_server_active_subscriptions", ["graphql_schema", "transport"], "Operations that run over a WebSocket (`websocket`) or as an event stream (`sse`)."),
            graphql_connections: b.gauge("graphql_server_active_connections", ["graphql_schema"], "WebSocket connections that are open now."),
            graphql_closed: b.counter("graphql_server_closed_connections", ["graphql_schema", "reason"], "WebSockets that ended. Reason: `client` (closed by it, or gone), `protocol` (a message that is not allowed), `slow` (the client did not read), `silent` (it no longer answered), `shutdown`."),
            commands: b.counter("chorale_commands", ["context", "outcome"], "Commands answered. Outcome: `accepted`, `unchanged` (nothing to do), `refused`, `conflict`, `replayed` (a repeated command), `failed`."),
            writer_queue: b.gauge("chorale_writer_queue_requests", ["context"], "Requests that wait for the writer of the context."),
            writer_batch: b.sizes("chorale_writer_batch_requests", ["context"], "Requests that a writer committed together."),
            log_events: b.counter("chorale_log_appended_events", ["context"], "Events appended to the log by this process."),
            log_conflicts: b.counter("chorale_log_conflicts", ["context"], "Batches decided again because another process had moved the head of the log."),
            log_calls: b.durations("chorale_log_call_duration", ["context", "operation"], "Time of a call to the event log's database, by operation (`commit`, `read`, `facts`, …)."),
            relay_transactions: b.durations("chorale_relay_transaction_duration", ["context", "outcome"], "Time of a relay's transaction on the bus. Outcome: `committed` or `failed`."),
            relay_events: b.counter("chorale_relay_published_events", ["context"], "Events that this process published on the bus."),
            relay_leader: b.gauge("chorale_relay_leader", ["context"], "1 while this process relays the log of the context, 0 while another one does."),
            reactions: b.durations("chorale_reaction_duration", ["reactor", "outcome"], "Time of an attempt to handle an event. Outcome: `answered`, `ignored` (nothing to do), `failed`."),
            reactions_parked: b.counter("chorale_reactions_parked", ["reactor"], "Events that were parked because every attempt had failed."),
            reactor_lag: b.gauge("chorale_reactor_lag_events", ["reactor"], "Events on the reactor's topics that it has not handled."),
            reactor_lag_seconds: b.age("chorale_reactor_lag", ["reactor"], "Age of the oldest event that the reactor has not handled; 0 if there is none."),
            reactor_parked: b.gauge("chorale_reactor_parked_records", ["reactor"], "Records that wait for `chorale parked redrive`."),
            deadlines: b.counter("chorale_deadlines", ["context", "outcome"], "Deadlines that passed. Outcome: `settled`, `refused`, `failed`."),
            projector_batch: b.durations("chorale_projector_batch_duration", ["projection"], "Time to write a batch of events to the documents of a projection."),
            projector_records: b.counter("chorale_projector_records", ["projection"], "Events that a projection has applied in this process."),
            projector_lag: b.gauge("chorale_projector_lag_events", ["projection"], "Events on the projection's topics that its live documents do not contain."),
            projector_lag_seconds: b.age("chorale_projector_lag", ["projection"], "Age of the oldest event that the live documents do not contain; 0 if there is none."),
            projector_quarantined: b.gauge("chorale_projector_quarantined_events", ["projection"], "Events that the projection could not apply, and events of their streams that wait behind them."),
            store_calls: b.durations("chorale_store_call_duration", ["operation"], "Time of a call to the document store, by operation (`load`, `write`, `find`, `count`, …); calls to the store of hot views begin with `hot_`."),
            hot_view_reads: b.counter("chorale_hot_view_reads", ["collection", "outcome"], "Documents of hot collections that queries have read. Outcome: `hot`, or why they were read from the documents instead: `missing`, `other_version` (the hot view is behind or ahead), `unreachable`."),
            log_lines_dropped: b.counter("chorale_log_lines_dropped", [], "Lines of the program's own log that were dropped because standard error was not read fast enough."),
            registry: b.registry,
            list: b.list,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_units_and_labels_are_served_as_they_are_listed() {
        metrics().commands.with(["ordering", "accepted"]).inc();
        metrics().projector_lag_seconds.with(["orders"]).set(1.5);
        metrics().log_calls.with(["ordering", "commit"]).observe(0.002);
        let text = render().unwrap();
        assert!(text.ends_with("# EOF\n"), "{text}");
        assert!(text.contains("chorale_commands_total{context=\"ordering\",outcome=\"accepted\"}"), "{text}");
        assert!(text.contains("chorale_projector_lag_seconds{projection=\"orders\"} 1.5"), "{text}");
        assert!(
            text.contains("chorale_log_call_duration_seconds_bucket{le=\"0.0025\",context=\"ordering\""),
            "{text}"
        );
        let listed = |family: &str, kind: &str| {
            let name = if kind == "counter" { format!("{family}_total") } else { family.to_owned() };
            list().iter().any(|one| one.name == name && one.kind == kind)
        };
        let types: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
        assert!(types.len() >= 3, "{text}");
        for (family, kind) in types.iter().filter_map(|line| line.split_once(' ')) {
            assert!(listed(family, kind), "{family} is served as a {kind}, but not listed");
        }
    }

    #[test]
    fn every_metric_says_what_it_counts_and_no_name_is_used_twice() {
        let mut names: Vec<&str> = list().iter().map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        for one in list() {
            assert!(one.meaning.split_whitespace().count() > 3 && one.meaning.ends_with('.'), "{one:?}");
        }
    }
}
