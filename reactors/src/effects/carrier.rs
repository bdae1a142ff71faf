//! Asks the carrier for the label of each packed parcel.

use std::sync::Arc;

use async_trait::async_trait;
use domain::shipment::{LabelImpossible, LabelPrinted, label_call};
use domain::{Decision, policies};
use platform::bus::Record;
use platform::sealing::{Opened, Sealer};
use schemas::sealed::field;
use schemas::shipment::ShipmentEvent;
use schemas::{Address, Context, EventSet, Topic};

use crate::adapters::carrier::{Carrier, LabelRequest};
use crate::participant::{AnswerError, Participant};
use crate::participants::rule;

/// See the module.
pub(super) struct LabelCalls {
    sealer: Sealer,
    carrier: Arc<dyn Carrier>,
}

impl LabelCalls {
    pub fn new(sealer: Sealer, carrier: Arc<dyn Carrier>) -> Self {
        Self { sealer, carrier }
    }
}

#[async_trait]
impl Participant for LabelCalls {
    fn name(&self) -> &'static str {
        policies::SHIPPING_CARRIER
    }

    fn context(&self) -> Context {
        Context::Shipping
    }

    fn topics(&self) -> Vec<Topic> {
        rule::topics(self.name())
    }

    fn hears(&self, topic: Topic, name: &str) -> bool {
        rule::hears(self.name(), topic, name)
    }

    async fn answer(&self, record: &Record) -> Result<Option<Arc<dyn Decision>>, AnswerError> {
        let event =
            ShipmentEvent::decode(&record.envelope.name, record.envelope.type_version, &record.payload)?;
        let Some(call) = label_call(&event) else { return Ok(None) };
        let ship_to = match self.sealer.open::<Address>(&call.ship_to, field::SHIP_TO).await? {
            Opened::Value(address) => address,
            Opened::Erased => {
                tracing::warn!(parcel = %call.shipment_id, "no label without its address, which was erased; taken back");
                return Ok(Some(Arc::new(LabelImpossible { shipment_id: call.shipment_id })));
            }
        };
        let request =
            LabelRequest { shipment_id: call.shipment_id, shipping_method: call.shipping_method, ship_to };
        let printed = self.carrier.label(&request).await;
        let label = printed.map_err(|_| AnswerError::Unavailable("the carrier".to_owned()))?;
        Ok(Some(Arc::new(LabelPrinted { shipment_id: call.shipment_id, label })))
    }
}
