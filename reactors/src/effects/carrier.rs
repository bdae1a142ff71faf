//! Requests a label from the carrier for each packed parcel.

use std::sync::Arc;

use async_trait::async_trait;
use domain::Decision;
use domain::policies::ReactorSpec;
use domain::shipment::{LabelImpossible, LabelPrinted, label_call};
use platform::bus::Record;
use platform::sealing::{Opened, Sealer};
use schemas::sealed::field;
use schemas::shipment::ShipmentEvent;
use schemas::{Address, EventSet};

use crate::adapters::carrier::{Carrier, LabelRequest};
use crate::reactor::{AnswerError, Reactor};

pub(super) struct LabelCalls {
    spec: &'static ReactorSpec,
    sealer: Sealer,
    carrier: Arc<dyn Carrier>,
}

impl LabelCalls {
    pub(super) fn new(spec: &'static ReactorSpec, sealer: Sealer, carrier: Arc<dyn Carrier>) -> Self {
        Self { spec, sealer, carrier }
    }
}

#[async_trait]
impl Reactor for LabelCalls {
    fn spec(&self) -> &'static ReactorSpec {
        self.spec
    }

    async fn answer(&self, record: &Record) -> Result<Option<Arc<dyn Decision>>, AnswerError> {
        let event =
            ShipmentEvent::decode(&record.envelope.name, record.envelope.type_version, &record.payload)?;
        let Some(call) = label_call(&event) else { return Ok(None) };
        let ship_to = match self.sealer.open::<Address>(&call.ship_to, field::SHIP_TO).await? {
            Opened::Value(address) => address,
            Opened::Erased => {
                tracing::warn!(parcel = %call.shipment_id, "the address was erased, so there is no label; taking the parcel back");
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
