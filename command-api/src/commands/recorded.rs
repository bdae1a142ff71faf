//! What the logs have of an object: for clients that follow the `Location` of an answer.

use domain::category::Categories;
use domain::claims::SKU;
use domain::{Aggregate, Claim};
use event_log::port::{Read, StoredEvent, Wanted};
use event_log::request::WriteError;
use schemas::category::CategoryEvent;
use schemas::{CategoryId, Context, EventSet, OrderId, ProductId, Sku, StreamId};

use super::existing::in_path;
use super::{Commands, token};
use crate::accepted::CommandError;
use crate::ids::Named;

/// Events that are read at a time.
const PAGE: usize = 500;

/// An object that is recorded.
pub(crate) struct Recorded {
    /// The id, or a SKU.
    pub id: String,
    /// The version of its stream.
    pub version: u64,
    /// Consistency token of that version.
    pub token: String,
}

impl Commands {
    pub(crate) async fn recorded_order(&self, id: &str) -> Result<Recorded, CommandError> {
        let order: OrderId = in_path(Named::Order, id)?;
        self.recorded(Context::Ordering, order.stream(), order.to_string(), "order").await
    }

    pub(crate) async fn recorded_product(&self, id: &str) -> Result<Recorded, CommandError> {
        let product: ProductId = in_path(Named::Product, id)?;
        self.recorded(Context::Catalog, product.stream(), product.to_string(), "product").await
    }

    /// A variant of a product, also one that is discontinued.
    pub(crate) async fn recorded_variant(&self, id: &str, sku: &str) -> Result<Recorded, CommandError> {
        let absent = || CommandError::NotFound("variant");
        let product: ProductId = in_path(Named::Product, id)?;
        let sku: Sku = sku.parse().map_err(|_| absent())?;
        let claim = Claim { kind: SKU, value: sku.to_string() };
        let wanted = Wanted { claims: vec![claim.clone()], ..Wanted::default() };
        let log = self.writers.of(Context::Catalog).log();
        let (_, facts) = log.facts(&wanted).await.map_err(WriteError::from)?;
        if facts.claims.get(&claim) != Some(&product.stream()) {
            return Err(absent());
        }
        self.recorded(Context::Catalog, product.stream(), sku.to_string(), "variant").await
    }

    /// A category that is not deleted. Its version is that of the tree.
    pub(crate) async fn recorded_category(&self, id: &str) -> Result<Recorded, CommandError> {
        let absent = || CommandError::NotFound("category");
        let category: CategoryId = in_path(Named::Category, id)?;
        let (stream, mut tree) = (schemas::category::stream(), Categories::default());
        let mut undecoded = None;
        let version = self
            .each_event(Context::Catalog, &stream, |event| {
                let envelope = &event.envelope;
                match CategoryEvent::decode(&envelope.name, envelope.type_version, &event.payload) {
                    Ok(event) => tree = std::mem::take(&mut tree).evolve(&event),
                    Err(error) => undecoded = Some(format!("{} cannot be read: {error}", envelope.token())),
                }
            })
            .await?;
        match undecoded {
            Some(problem) => Err(CommandError::Internal(problem)),
            None if tree.contains(category) => Ok(recorded(&stream, version, category.to_string())),
            None => Err(absent()),
        }
    }

    async fn recorded(
        &self,
        context: Context,
        stream: StreamId,
        id: String,
        what: &'static str,
    ) -> Result<Recorded, CommandError> {
        match self.each_event(context, &stream, |_| ()).await? {
            0 => Err(CommandError::NotFound(what)),
            version => Ok(recorded(&stream, version, id)),
        }
    }

    /// Shows all events of a stream. Returns its version; 0 if it has no events.
    async fn each_event(
        &self,
        context: Context,
        stream: &StreamId,
        mut show: impl FnMut(&StoredEvent) + Send,
    ) -> Result<u64, CommandError> {
        let log = self.writers.of(context).log();
        let mut version = 0;
        loop {
            let after = [(stream.clone(), version)];
            let events = log.read(Read::Streams(&after), PAGE).await.map_err(WriteError::from)?;
            events.iter().for_each(&mut show);
            version = events.last().map_or(version, |event| event.envelope.version);
            if events.len() < PAGE {
                return Ok(version);
            }
        }
    }
}

fn recorded(stream: &StreamId, version: u64, id: String) -> Recorded {
    Recorded { id, version, token: token(&[(stream.clone(), version)]) }
}
