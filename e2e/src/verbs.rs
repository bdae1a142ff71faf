//! Actions of shoppers and staff.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context as _, Result};
use command_api::inputs::{
    ActionOutcome, AddressInput, AdjustInput, CancelInput, DeliveredInput, DispatchInput, HoldInput,
    LineInput, LostInput, MoneyInput, OrderInput, PaymentActionInput, PriceInput, ProductInput,
    PublicationInput, ReceiveInput, RedriveInput, ResolveHoldInput, RetryPaymentInput, VariantInput,
};
use command_api::{Accepted, CommandError, CommandMeta};
use event_log::port::{Read, StoredEvent};
use schemas::life_cycle::{HoldReason, WayOut};
use schemas::order::ShippingMethod;
use schemas::product::TaxClass;
use schemas::stock::AdjustmentReason;
use schemas::{Context, Currency, OrderId, ShipmentId, StreamId};

use crate::embedded::{Embedded, SOON};

/// The result of a command.
pub type Done = Result<Accepted, CommandError>;

/// Longer than a payment may take.
pub const PAYMENT: Duration = Duration::from_secs(16 * 60);

impl Embedded {
    fn key(&self) -> String {
        format!("key-{}", self.keys.fetch_add(1, Ordering::Relaxed))
    }

    fn shopper(&self) -> CommandMeta {
        CommandMeta::guest(self.key())
    }

    fn staff(&self) -> CommandMeta {
        CommandMeta::staff(self.key(), "office")
    }

    /// Creates a product with one variant, priced in euro cents, published and in stock, and waits until all
    /// consumers know it.
    pub async fn offer(&self, sku: &str, minor: i64, stock: &[(&str, u32)]) -> Result<()> {
        let product = ProductInput {
            slug: sku.to_lowercase(),
            title: format!("Product {sku}"),
            description: String::new(),
            brand: None,
            category_ids: Vec::new(),
            attributes: Default::default(),
            tax_class: TaxClass::Standard,
        };
        let product = self.commands.create_product(&self.staff(), product).await?.id;
        let variant = VariantInput {
            sku: sku.to_owned(),
            options: Default::default(),
            barcode: None,
            weight_grams: None,
            track_stock: true,
            max_per_order: None,
        };
        self.commands.add_variant(&self.staff(), &product, variant).await?;
        self.set_price(&product, sku, minor).await?;
        self.commands.publish_product(&self.staff(), &product, PublicationInput::default()).await?;
        self.until(&StreamId::from_text(format!("stock-{sku}")), "StockItemOpened").await?;
        for (location, quantity) in stock {
            self.receive(sku, location, *quantity).await?;
        }
        self.reacted(SOON).await
    }

    /// The id of the product with this SKU.
    pub async fn product(&self, sku: &str) -> Result<String> {
        let log = self.log(Context::Catalog).context("the catalog has a log")?;
        let events = log.read(Read::After(0), usize::MAX).await?;
        let named =
            |event: &&StoredEvent| event.envelope.name == "VariantAdded" && event.payload.contains(sku);
        let added = events.iter().find(named).context("there is no such product")?;
        Ok(added.envelope.stream.key().to_owned())
    }

    /// Changes a price, in euro cents.
    pub async fn set_price(&self, product: &str, sku: &str, minor: i64) -> Done {
        let price = MoneyInput::from(Currency::EUR.minor(minor));
        let input = PriceInput { price, compare_at: None, reason: None };
        self.commands.set_price(&self.staff(), product, sku, input).await
    }

    pub async fn receive(&self, sku: &str, location: &str, quantity: u32) -> Done {
        let input = ReceiveInput { location: location.to_owned(), quantity, reference: None };
        self.commands.receive_stock(&self.staff(), sku, input).await
    }

    /// Adjusts a stock level by this number.
    pub async fn adjust(&self, sku: &str, location: &str, delta: i64) -> Done {
        let (location, reason) = (location.to_owned(), AdjustmentReason::Count);
        let input = AdjustInput { location, delta: Some(delta), count: None, reason };
        self.commands.adjust_stock(&self.staff(), sku, input).await
    }

    /// Places an order with a token that is authorised.
    pub async fn place_order(&self, lines: &[(&str, u32)]) -> Result<OrderId> {
        self.place_paying(lines, "tok_ok").await
    }

    /// Places an order with this token.
    pub async fn place_paying(&self, lines: &[(&str, u32)], token: &str) -> Result<OrderId> {
        let accepted = self.commands.place_order(&self.shopper(), basket(lines, token)).await?;
        Ok(accepted.id.parse()?)
    }

    /// Places an order with this idempotency key.
    pub async fn place_as(&self, key: &str, lines: &[(&str, u32)], token: &str) -> Done {
        self.commands.place_order(&CommandMeta::guest(key), basket(lines, token)).await
    }

    /// Places an order with an expected unit price in euro cents.
    pub async fn place_at(&self, sku: &str, minor: i64) -> Done {
        let mut input = basket(&[(sku, 1)], "tok_ok");
        input.lines[0].expected_unit_price = Some(MoneyInput::from(Currency::EUR.minor(minor)));
        self.commands.place_order(&self.shopper(), input).await
    }

    /// Places an order whose payment is not answered, and lets the clock pass the payment's deadline. Releases the provider's
    /// answer when the payment is cancelled.
    pub async fn place_and_expire(&self, lines: &[(&str, u32)]) -> Result<OrderId> {
        self.provider.hold("authorize");
        let order = self.place_order(lines).await?;
        self.until(&order.payment_stream(), "PaymentRequested").await?;
        self.clock.advance_by(PAYMENT);
        self.until(&order.stream(), "OrderExpired").await?;
        self.until(&order.payment_stream(), "PaymentCancelled").await?;
        self.provider.release("authorize");
        Ok(order)
    }

    pub async fn cancel(&self, order: OrderId) -> Done {
        self.commands.cancel_order(&self.shopper(), &order.to_string(), CancelInput::default()).await
    }

    /// The shopper tries another payment token.
    pub async fn retry_payment(&self, order: OrderId, token: &str) -> Done {
        let input = RetryPaymentInput { payment_token: token.to_owned() };
        self.commands.retry_payment(&self.shopper(), &order.to_string(), input).await
    }

    /// Reports the result of the authentication at the customer's bank.
    pub async fn come_back(&self, order: OrderId, outcome: ActionOutcome) -> Done {
        let input = PaymentActionInput { outcome, authorized_until: None };
        self.commands.complete_payment_action(&self.staff(), &order.to_string(), input).await
    }

    /// Staff redrive a parked stream.
    pub async fn redrive(&self, context: Context, reactor: &str, stream: &StreamId) -> Done {
        let (context, reactor, stream) = (context.name().to_owned(), reactor.to_owned(), stream.to_string());
        self.commands.redrive(&self.staff(), RedriveInput { context, reactor, stream }).await
    }

    /// Staff put an order on hold.
    pub async fn put_on_hold(&self, order: OrderId) -> Done {
        self.commands.hold_order(&self.staff(), &order.to_string(), HoldInput::default()).await
    }

    /// Staff resolve a hold of an order.
    pub async fn resolve(
        &self,
        order: OrderId,
        reason: HoldReason,
        parcel: Option<ShipmentId>,
        way_out: WayOut,
    ) -> Done {
        let shipment_id = parcel.map(|parcel| parcel.to_string());
        let input = ResolveHoldInput { reason, shipment_id, way_out };
        self.commands.resolve_hold(&self.staff(), &order.to_string(), input).await
    }

    /// Waits until a parcel is planned, packs it, and waits for its label.
    pub async fn pack(&self, parcel: ShipmentId) -> Result<()> {
        self.until(&parcel.stream(), "ShipmentPlanned").await?;
        self.close_box(parcel).await?;
        self.until(&parcel.stream(), "ShipmentLabelled").await
    }

    /// Packs a parcel, without waiting for its label.
    pub async fn close_box(&self, parcel: ShipmentId) -> Done {
        self.commands.pack_shipment(&self.staff(), &parcel.to_string()).await
    }

    /// Dispatches a parcel.
    pub async fn dispatch(&self, parcel: ShipmentId) -> Done {
        self.commands.dispatch_shipment(&self.staff(), &parcel.to_string(), DispatchInput::default()).await
    }

    pub async fn send(&self, parcel: ShipmentId) -> Result<()> {
        self.pack(parcel).await?;
        self.dispatch(parcel).await?;
        Ok(())
    }

    /// The carrier delivers a parcel.
    pub async fn deliver(&self, parcel: ShipmentId) -> Done {
        self.commands.confirm_delivery(&self.staff(), &parcel.to_string(), DeliveredInput::default()).await
    }

    /// The carrier loses a parcel.
    pub async fn lose(&self, parcel: ShipmentId) -> Done {
        self.commands.report_lost(&self.staff(), &parcel.to_string(), LostInput::default()).await
    }

    /// Staff take a parcel back although no one has requested it.
    pub async fn take_back(&self, parcel: ShipmentId) -> Done {
        self.commands.cancel_shipment(&self.staff(), &parcel.to_string()).await
    }
}

fn basket(lines: &[(&str, u32)], token: &str) -> OrderInput {
    let line = |(sku, quantity): &(&str, u32)| LineInput {
        sku: (*sku).to_owned(),
        quantity: *quantity,
        expected_unit_price: None,
    };
    OrderInput {
        lines: lines.iter().map(line).collect(),
        email: "shopper@example.com".to_owned(),
        shipping_address: AddressInput {
            name: "A Shopper".to_owned(),
            lines: vec!["Long Lane 1".to_owned()],
            postal_code: Some("10115".to_owned()),
            city: "Berlin".to_owned(),
            region: None,
            country: "DE".to_owned(),
        },
        billing_address: None,
        shipping_method: ShippingMethod::Standard,
        payment_token: token.to_owned(),
        currency: None,
    }
}
