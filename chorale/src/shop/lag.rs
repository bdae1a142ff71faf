//! The lag of projectors and reactors as metrics, measured from time to time.

use std::time::Duration;

use platform::error::Chain;
use platform::telemetry::metrics::{Fraction, Gauge, Vector, metrics};
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
            tracing::warn!(error = %Chain(error.as_ref()), "could not measure the lag of projectors; will retry");
            metrics().projector_lag.clear();
            metrics().projector_lag_seconds.clear();
            metrics().projector_quarantined.clear();
        }
    }
}

async fn measure_reactors(reader: &StatusReader) {
    match reader.reactors().await {
        Ok(all) => all.iter().for_each(set_reactor),
        Err(error) => {
            tracing::warn!(error = %Chain(error.as_ref()), "could not measure the lag of reactors; will retry");
            metrics().reactor_lag.clear();
            metrics().reactor_lag_seconds.clear();
            metrics().reactor_parked.clear();
        }
    }
}

fn set_projector(status: &ProjectorStatus) {
    let (metrics, name) = (metrics(), &status.name);
    set_lag(
        &metrics.projector_lag,
        &metrics.projector_lag_seconds,
        name,
        status.lag_events,
        status.lag_seconds,
    );
    metrics.projector_quarantined.with([name.clone()]).set(status.quarantined_events.cast_signed());
}

fn set_reactor(status: &ReactorStatus) {
    let (metrics, name) = (metrics(), &status.name);
    set_lag(&metrics.reactor_lag, &metrics.reactor_lag_seconds, name, status.lag_events, status.lag_seconds);
    metrics.reactor_parked.with([name.clone()]).set(status.parked_events.cast_signed());
}

/// A lag that is not known is not served.
fn set_lag(
    in_events: &Vector<Gauge, 1>,
    in_seconds: &Vector<Fraction, 1>,
    name: &str,
    events: Option<u64>,
    seconds: Option<f64>,
) {
    match events {
        Some(events) => {
            in_events.with([name.to_owned()]).set(events.cast_signed());
        }
        None => in_events.remove([name.to_owned()]),
    }
    match seconds {
        Some(seconds) => {
            in_seconds.with([name.to_owned()]).set(seconds);
        }
        None => in_seconds.remove([name.to_owned()]),
    }
}

#[cfg(test)]
mod tests {
    use platform::telemetry::metrics::render;

    use super::*;

    #[test]
    fn a_lag_that_is_no_longer_known_is_no_longer_served() {
        let served = || render().unwrap().contains("reactor=\"a reactor of this test\"");
        let (metrics, name) = (metrics(), "a reactor of this test");
        set_lag(&metrics.reactor_lag, &metrics.reactor_lag_seconds, name, Some(3), Some(1.5));
        assert!(served());
        set_lag(&metrics.reactor_lag, &metrics.reactor_lag_seconds, name, None, None);
        assert!(!served());
    }
}
