//! Starting to count the stock of a SKU.

use schemas::Sku;
use schemas::stock::{StockItemOpened, StockPolicy};

use super::Stock;
use crate::one_stream::one_stream;
use crate::{Draft, Refusal};

/// Starts to count stock of a SKU, because a variant with counted stock was added.
#[derive(Clone, Debug)]
pub struct OpenStockItem {
    pub sku: Sku,
}

one_stream!(OpenStockItem, Stock, |it| it.sku.stock_stream(), open);

fn open(stock: &mut Draft<'_, Stock>, command: &OpenStockItem) -> Result<(), Refusal> {
    match stock.state() {
        Stock::Counted(_) => Ok(()),
        Stock::Unopened => {
            stock.append(StockItemOpened { sku: command.sku.clone(), policy: StockPolicy::Deny });
            Ok(())
        }
    }
}
