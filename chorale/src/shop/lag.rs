//! The lag of projectors and reactors as metrics, measured from time to time.

use std::time::Duration;

use platform::error::Chain;
use platform::telemetry::metrics::metrics;
use read_models::{ProjectorStatus, ReactorStatus};

use super::{Shop, StatusReader};

/// The time between two measurements.
const INTERVAL: Duration = Duration::from_secs(10);

impl Shop {
    /// Measures the lag of projectors, of reactors or of both until the shutdown begins.
    pub fn start_lag_metrics(&self, projectors: bool, reactors: bool) {
        let (reader, shutdown) = (self.status_reader(), self.shutdown.clone());
        self.shutdown.spawn(async move {
            loop {
                if projectors {
                    measure_projectors(&reader).await;
                }
                if reactors {
                    measure_reactors(&reader).await;
                }
                tokio::select! {
                    () = shutdown.begun() => return,
                    () = tokio::time::sleep(INTERVAL) => {}
                }
            }
        });
    }
}

async fn measure_projectors(reader: &StatusReader) {
    match reader.projectors().await {
        Ok(all) => all.iter().filter(|one| one.serves()).for_each(set_projector),
        Err(error) => {
            tracing::warn!(error = %Chain(error.as_ref()), "could not measure the lag of projectors")
        }
    }
}

async fn measure_reactors(reader: &StatusReader) {
    match reader.reactors().await {
        Ok(all) => all.iter().for_each(set_reactor),
        Err(error) => tracing::warn!(error = %Chain(error.as_ref()), "could not measure the lag of reactors"),
    }
}

/// An unknown lag keeps its last value.
fn set_projector(status: &ProjectorStatus) {
    let (metrics, label) = (metrics(), [status.name.clone()]);
    if let Some(events) = status.lag_events {
        metrics.projector_lag.with(label.clone()).set(events.cast_signed());
    }
    if let Some(seconds) = status.lag_seconds {
        metrics.projector_lag_seconds.with(label.clone()).set(seconds);
    }
    metrics.projector_quarantined.with(label).set(status.quarantined_events.cast_signed());
}

fn set_reactor(status: &ReactorStatus) {
    let (metrics, label) = (metrics(), [status.name.clone()]);
    if let Some(events) = status.lag_events {
        metrics.reactor_lag.with(label.clone()).set(events.cast_signed());
    }
    if let Some(seconds) = status.lag_seconds {
        metrics.reactor_lag_seconds.with(label.clone()).set(seconds);
    }
    metrics.reactor_parked.with(label).set(status.parked_events.cast_signed());
}
