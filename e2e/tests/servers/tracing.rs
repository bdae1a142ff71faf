//! One order is one trace: from the request through log, Kafka, reactors and projectors to its document.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use crate::deployment::Deployment;
use e2e::program::{SOON, basket};

/// The client's trace, and the client's span in it.
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CLIENT: &str = "00f067aa0ba902b7";

type Spans = Arc<Mutex<Vec<Span>>>;

/// Receives spans as an OpenTelemetry collector does.
async fn collector() -> Result<(String, Spans)> {
    let spans = Spans::default();
    let receive = async |State(spans): State<Spans>, body: Bytes| {
        let Ok(export) = ExportTraceServiceRequest::decode(body) else { return StatusCode::BAD_REQUEST };
        let scopes = export.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        spans.lock().await.extend(scopes.flat_map(|scope| scope.spans));
        StatusCode::OK
    };
    let router = axum::Router::new().route("/v1/traces", post(receive)).with_state(spans.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((address, spans))
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span.attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        other => Some(format!("{other:?}")),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_one_trace_from_the_request_to_its_document() -> Result<()> {
    let (address, spans) = collector().await?;
    let mut deployment = Deployment::new("tracing").await?;
    deployment.flags = vec![format!("--otlp-endpoint={address}")];
    deployment.open()?;
    // Wait until ordering knows the prices.
    deployment.settled().await?;
    let client = reqwest::Client::builder().timeout(SOON).build()?;
    let order =
        client.post(format!("{}/v1/orders", deployment.commands()?)).header("Idempotency-Key", "traced");
    let order = order.header("traceparent", format!("00-{TRACE}-{CLIENT}-01"));
    let response = order.json(&basket("TEA-100", "traced@example.com")).send().await?;
    ensure!(response.status() == 201, "{response:?}");
    deployment.settled().await?;
    // Processes export their remaining spans when they stop.
    tokio::task::block_in_place(|| deployment.close())?;

    let spans = spans.lock().await;
    let trace: Vec<&Span> = spans.iter().filter(|span| hex(&span.trace_id) == TRACE).collect();
    let seen = |name: &str, key: &str| -> BTreeSet<String> {
        trace.iter().filter(|span| span.name == name).filter_map(|span| attribute(span, key)).collect()
    };
    let contains = |found: &BTreeSet<String>, wanted: &[&str]| wanted.iter().all(|one| found.contains(*one));
    let contexts = ["ordering", "inventory", "payments", "shipping"];
    ensure!(trace.iter().any(|span| span.name == "POST /v1/orders"), "no request: {trace:#?}");
    for name in ["append", "publish"] {
        let found = seen(name, "context");
        ensure!(contains(&found, &contexts), "{name}: {found:?}");
    }
    let reactors = seen("react", "reactor");
    let expected = [
        "inventory-reservations",
        "ordering-outcomes",
        "payments-orders",
        "payments-provider",
        "shipping-orders",
    ];
    ensure!(contains(&reactors, &expected), "{reactors:?}");
    let projections = seen("project", "projection");
    ensure!(contains(&projections, &["orders", "payments", "stock", "shipments"]), "{projections:?}");

    // Each parent is a span of the trace, or the client's span.
    let ids: BTreeMap<String, &Span> = trace.iter().map(|span| (hex(&span.span_id), *span)).collect();
    for span in &trace {
        let parent = hex(&span.parent_span_id);
        ensure!(parent == CLIENT || ids.contains_key(&parent), "{} has no parent: {span:?}", span.name);
    }
    let request = trace.iter().find(|span| span.name == "POST /v1/orders").context("the request")?;
    ensure!(hex(&request.parent_span_id) == CLIENT, "the request is the client's: {request:?}");
    // Batches have separate traces, which are linked to this one.
    let linked = spans.iter().filter(|span| span.name == "commit").flat_map(|span| &span.links);
    ensure!(linked.into_iter().any(|link| hex(&link.trace_id) == TRACE), "no commit is linked to the trace");
    Ok(())
}
