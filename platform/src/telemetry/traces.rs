//! Distributed traces: spans of the loops, linked by the `traceparent` that commands and events carry.
//!
//! Spans have the target [`TARGET`]. Without an OTLP endpoint nothing enables that target, so a span costs one atomic load.

use tracing::Span;

/// The target of all spans, for filters.
pub const TARGET: &str = "trace";

/// A span of a loop, as `tracing::info_span!` makes it; disabled unless traces are exported.
#[macro_export]
macro_rules! trace_span {
    (parent: $parent:expr, $name:literal $($fields:tt)*) => {
        ::tracing::info_span!(target: "trace", parent: $parent, $name $($fields)*)
    };
    ($name:literal $($fields:tt)*) => {
        ::tracing::info_span!(target: "trace", $name $($fields)*)
    };
}

/// Whether spans are exported, so that one per record is worth its cost.
pub fn are_exported() -> bool {
    tracing::enabled!(target: "trace", tracing::Level::INFO)
}

/// Makes `span` a child of the span that a W3C `traceparent` names. A text that is not a `traceparent` changes nothing.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    if !span.is_disabled() {
        export::continue_from(span, traceparent);
    }
}

/// Links `span` to the span that a W3C `traceparent` names, which is in another trace.
pub fn link(span: &Span, traceparent: Option<&str>) {
    if !span.is_disabled() {
        export::link(span, traceparent);
    }
}

/// The `traceparent` of `span`, for its consequences elsewhere. `None` while traces are not exported.
pub fn traceparent(span: &Span) -> Option<String> {
    if span.is_disabled() { None } else { export::traceparent(span) }
}

#[cfg(feature = "otlp")]
pub(super) mod export {
    use std::collections::HashMap;

    use opentelemetry::Context;
    use opentelemetry::propagation::TextMapPropagator;
    use opentelemetry::trace::{TraceContextExt, TracerProvider};
    use opentelemetry_otlp::{SpanExporter, WithExportConfig};
    use opentelemetry_sdk::Resource;
    use opentelemetry_sdk::propagation::TraceContextPropagator;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::{Span, Subscriber};
    use tracing_opentelemetry::OpenTelemetrySpanExt;
    use tracing_subscriber::Layer;
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::registry::LookupSpan;

    use super::super::{OtlpEndpoint, TelemetryError};
    use super::TARGET;

    const HEADER: &str = "traceparent";

    /// `None` if the text is not a `traceparent`.
    fn remote(traceparent: Option<&str>) -> Option<Context> {
        let headers = HashMap::from([(HEADER.to_owned(), traceparent?.to_owned())]);
        let context = TraceContextPropagator::new().extract(&headers);
        context.span().span_context().is_valid().then_some(context)
    }

    pub(super) fn continue_from(span: &Span, traceparent: Option<&str>) {
        if let Some(parent) = remote(traceparent)
            && let Err(error) = span.set_parent(parent)
        {
            tracing::debug!(%error, "the span could not join its trace");
        }
    }

    pub(super) fn link(span: &Span, traceparent: Option<&str>) {
        if let Some(other) = remote(traceparent) {
            span.add_link(other.span().span_context().clone());
        }
    }

    pub(super) fn traceparent(span: &Span) -> Option<String> {
        let mut headers = HashMap::new();
        TraceContextPropagator::new().inject_context(&span.context(), &mut headers);
        headers.remove(HEADER)
    }

    /// Sends the spans of the process to an OTLP collector until it is dropped.
    #[derive(Debug)]
    pub struct Export(SdkTracerProvider);

    impl Export {
        pub(in super::super) fn start(endpoint: &OtlpEndpoint) -> Result<Self, TelemetryError> {
            let exporter = SpanExporter::builder()
                .with_http()
                .with_endpoint(endpoint.traces())
                .build()
                .map_err(|error| TelemetryError::Export(Box::new(error)))?;
            let mut resource = Resource::builder();
            if std::env::var_os("OTEL_SERVICE_NAME").is_none() {
                resource = resource.with_service_name("chorale");
            }
            Ok(Self(
                SdkTracerProvider::builder()
                    .with_batch_exporter(exporter)
                    .with_resource(resource.build())
                    .build(),
            ))
        }

        pub(in super::super) fn layer<S>(&self) -> impl Layer<S> + use<S>
        where
            S: Subscriber + for<'s> LookupSpan<'s>,
        {
            tracing_opentelemetry::layer()
                .with_tracer(self.0.tracer("chorale"))
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
        }
    }

    impl Drop for Export {
        fn drop(&mut self) {
            if let Err(error) = self.0.shutdown() {
                tracing::warn!(%error, "could not export the last spans");
            }
        }
    }
}

#[cfg(not(feature = "otlp"))]
pub(super) mod export {
    use tracing::{Span, Subscriber};
    use tracing_subscriber::Layer;
    use tracing_subscriber::layer::Identity;
    use tracing_subscriber::registry::LookupSpan;

    use super::super::{OtlpEndpoint, TelemetryError};

    pub(super) fn continue_from(_span: &Span, _traceparent: Option<&str>) {}

    pub(super) fn link(_span: &Span, _traceparent: Option<&str>) {}

    pub(super) fn traceparent(_span: &Span) -> Option<String> {
        None
    }

    /// This build exports no spans.
    #[derive(Debug)]
    pub struct Export;

    impl Export {
        pub(in super::super) fn start(_endpoint: &OtlpEndpoint) -> Result<Self, TelemetryError> {
            Err(TelemetryError::WithoutOtlp)
        }

        pub(in super::super) fn layer<S>(&self) -> impl Layer<S> + use<S>
        where
            S: Subscriber + for<'s> LookupSpan<'s>,
        {
            Identity::new()
        }
    }
}
