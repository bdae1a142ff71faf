//! Status of reactors.

use async_graphql::{ID, Result, SimpleObject};
use query_api_macros::Fields;
use read_models::ReactorStatus;

use crate::fault::Fault;
use crate::id::global;
use crate::reader::Reader;
use crate::scalars::BigInt;

/// Status of a reactor: a consumer that answers events with events of its context.
#[derive(Clone, SimpleObject, Fields)]
pub(crate) struct Reactor {
    /// Name of the reactor, such as `payments-orders`.
    name: String,
    /// Context that it belongs to, such as `payments`.
    context: String,
    /// Number of events that it has not handled yet: exact up to 1 000 per topic, an upper bound beyond. Null if
    /// the bus does not respond.
    lag_events: Option<BigInt>,
    /// Age of the oldest event that it has not handled yet, in seconds; 0 if there is none. Null if the bus does
    /// not respond.
    lag_seconds: Option<f64>,
    /// Number of streams with parked events. At most 1 000 parked events of each context are counted.
    parked_streams: BigInt,
    /// Number of events that it has given up on, or that wait behind such an event. At most 1 000 parked events of
    /// each context are counted.
    parked_events: BigInt,
    /// Global id of the reactor.
    id: ID,
}

impl From<ReactorStatus> for Reactor {
    fn from(status: ReactorStatus) -> Self {
        Self {
            id: global("Reactor", &status.name),
            name: status.name,
            context: status.context.to_owned(),
            lag_events: status.lag_events.map(BigInt::from),
            lag_seconds: status.lag_seconds,
            parked_streams: status.parked_streams.into(),
            parked_events: status.parked_events.into(),
        }
    }
}

/// The reactors, or why their status is not known.
pub(crate) async fn reactors(reader: &Reader) -> Result<Vec<ReactorStatus>, Fault> {
    reader.services.status.reactors().await.map_err(|error| Fault::Status("reactors", error))
}
