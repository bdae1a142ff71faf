//! The subscriptions of both schemas.

use std::sync::Arc;

use async_graphql::{Context, MergedSubscription, Result, Subscription};
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, select_all};
use http_server::Audience;
use read_models::documents::stock::StockItem;
use tokio::sync::OnceCell;
use tokio::sync::broadcast::error::RecvError;

use crate::catalog;
use crate::execution::Sent;
use crate::fault::Fault;
use crate::input::OrderKey;
use crate::live::{Change, Live, versions};
use crate::page::Listed;
use crate::reader::{Reader, Readers};
use crate::types::order::{self, Document, Order, ShopOrder};
use crate::types::projector::Projector;
use crate::types::stock::StockView;

const NO_ORDER: Fault = Fault::NotFound("there is no such order, or the guest token is not its own");

/// Subscriptions of the public storefront.
#[derive(Default, MergedSubscription)]
#[graphql(name = "Subscription")]
pub(crate) struct StorefrontSubscription(GuestOrder, StockChanges);

/// Subscriptions of the back office.
#[derive(Default, MergedSubscription)]
#[graphql(name = "Subscription")]
pub(crate) struct AdminSubscription(OfficeOrders, StockChanges, Projectors);

#[derive(Default)]
struct GuestOrder;

/// The subscription to one's own order.
#[Subscription]
impl GuestOrder {
    /// Sends the current state of an order, and then each later version at most once and in order; versions that
    /// follow each other quickly may be skipped. Requires the guest token that was returned when the order was placed. Fails with NOT_FOUND if the order does not exist or the token
    /// belongs to a different order. An order that was just placed may be subscribed to by its id before queries
    /// find it.
    async fn order_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order that is wanted.")] by: OrderKey,
        #[graphql(
            desc = "Guest token from the answer to `placeOrder`. Default: the header `X-Guest-Token`."
        )]
        guest_token: Option<String>,
        #[graphql(desc = "Send only later versions than this one; to resume after a lost connection.")]
        since_version: Option<u64>,
    ) -> Result<BoxStream<'static, Sent<Order>>> {
        let reader = reader(ctx)?;
        let key = order_key(reader, by).await?;
        if !reader.is_own(&key, guest_token.as_deref()).await? {
            return Err(NO_ORDER.into());
        }
        Ok(orders(ctx, &key, since_version).await?.map(|order| Sent(Order::opened(order))).boxed())
    }
}

#[derive(Default)]
struct OfficeOrders;

/// The subscriptions to orders of the back office.
#[Subscription]
impl OfficeOrders {
    /// Sends the current state of an order, and then each later version at most once and in order; versions that
    /// follow each other quickly may be skipped. An order that was just
    /// placed may be subscribed to by its id before queries find it.
    async fn order_updated(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order that is wanted.")] by: OrderKey,
        #[graphql(desc = "Send only later versions than this one; to resume after a lost connection.")]
        since_version: Option<u64>,
    ) -> Result<BoxStream<'static, Sent<ShopOrder>>> {
        let key = order_key(reader(ctx)?, by).await?;
        Ok(orders(ctx, &key, since_version).await?.map(|order| Sent(ShopOrder::of(order))).boxed())
    }

    /// Sends every order that is placed or changes from now on. For people who watch the shop: a change that is
    /// applied more than 60 seconds late, or behind 200 newer ones, may be missing. A client that reads too
    /// slowly gets the error CHANGES_MISSED, and the subscription ends.
    async fn orders_feed(&self, ctx: &Context<'_>) -> Result<BoxStream<'static, Result<Sent<ShopOrder>>>> {
        let changes = ctx.data::<Arc<Live>>()?.every_order.subscribe().await?;
        let stream = futures_util::stream::unfold(Some(changes), |changes| async move {
            let mut changes = changes?;
            match changes.recv().await {
                Ok(order) => Some((Ok(Sent(ShopOrder::of(order))), Some(changes))),
                Err(RecvError::Lagged(missed)) => Some((Err(Fault::Missed(missed).into()), None)),
                Err(RecvError::Closed) => None,
            }
        });
        Ok(stream.boxed())
    }
}

#[derive(Default)]
struct StockChanges;

/// The subscription to stock levels.
#[Subscription]
impl StockChanges {
    /// Sends the current stock levels of up to 100 SKUs, and then each later version of one at most once and in
    /// order; versions that follow each other quickly may be skipped. Sends nothing for a SKU that is unknown, not
    /// tracked, or has never been received, until it is received. Shoppers are sent nothing for a SKU while they do
    /// not see its variant; once they see it, they are sent its next change.
    async fn stock_changed(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "SKUs of the variants to watch, 1 to 100.")] skus: Vec<String>,
    ) -> Result<BoxStream<'static, Result<Sent<StockView>>>> {
        if skus.is_empty() {
            return Err(Fault::BadInput("pass 1 to 100 SKUs".to_owned()).into());
        }
        let (reader, feed) = (reader(ctx)?, &ctx.data::<Arc<Live>>()?.stock);
        let mut skus = skus;
        skus.sort_unstable();
        skus.dedup();
        // Watched before they are read, so that no change is between.
        let watched: Vec<_> = skus.iter().map(|sku| feed.watch(&format!("stock-{sku}"))).collect();
        let current = futures_util::future::try_join_all(skus.iter().map(|sku| current(reader, sku))).await?;
        let streams = watched.into_iter().zip(current);
        let streams = streams.map(|(receiver, current)| versions(receiver, current, 0).boxed());
        let readers = ctx.data::<Readers>()?.clone();
        let shown = select_all(streams).filter_map(move |change| {
            let readers = readers.clone();
            async move {
                match is_shown(&readers, &change).await {
                    Ok(shown) => shown.then(|| Ok(Sent(StockView::of_item(change.document.clone())))),
                    Err(fault) => Some(Err(fault.into())),
                }
            }
        });
        Ok(shown.boxed())
    }
}

/// The stock of a SKU as it is, and whether shoppers see it.
async fn current(reader: &Reader, sku: &str) -> std::result::Result<Option<Arc<Change<StockItem>>>, Fault> {
    let (stock, shown) =
        futures_util::future::try_join(reader.stock(sku), catalog::shows(reader, sku)).await?;
    Ok(stock.map(|document| Arc::new(Change { document, shown: OnceCell::new_with(Some(Ok(shown))) })))
}

/// Whether the caller may see a change, by what is published when the first shopper is sent it. All shoppers see the same, so the
/// catalogue is read once per change, however many subscribe.
async fn is_shown(readers: &Readers, change: &Change<StockItem>) -> std::result::Result<bool, Fault> {
    if readers.audience == Audience::Staff {
        return Ok(true);
    }
    let shown = change.shown.get_or_init(|| async {
        catalog::shows(&readers.reader(), &change.document.value.sku).await.map_err(Arc::new)
    });
    shown.await.clone().map_err(Fault::Shared)
}

#[derive(Default)]
struct Projectors;

/// The subscription to the status of projections.
#[Subscription]
impl Projectors {
    /// Sends the status of every generation of every projection, and then, at most once a second, of each whose
    /// status has changed.
    async fn projector_lag(&self, ctx: &Context<'_>) -> Result<BoxStream<'static, Result<Sent<Projector>>>> {
        let changes = ctx.data::<Arc<Live>>()?.projectors.changes();
        Ok(changes.map(|status| Ok(Sent(status.map(Projector::from)?))).boxed())
    }
}

/// The reader that a subscription begins with.
fn reader<'c>(ctx: &Context<'c>) -> Result<&'c Reader> {
    ctx.data::<Arc<Reader>>().map(AsRef::as_ref)
}

/// The key of the order with this id, which need not exist yet, or with this number, which must.
async fn order_key(reader: &Reader, key: OrderKey) -> std::result::Result<String, Fault> {
    order::key_of(reader, key).await?.ok_or(NO_ORDER)
}

/// The versions of an order after `since`.
async fn orders(
    ctx: &Context<'_>,
    key: &str,
    since: Option<u64>,
) -> Result<impl futures_util::Stream<Item = Document> + Send + use<>> {
    // Watched before it is read, so that no change is between.
    let receiver = ctx.data::<Arc<Live>>()?.orders.watch(&format!("order-{key}"));
    let current = reader(ctx)?.order(key).await?;
    let changes = versions(receiver, current.map(Change::of), since.unwrap_or_default());
    Ok(changes.map(|change| change.document.clone()))
}
