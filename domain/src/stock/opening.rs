//! Stock of a SKU begins to be counted.

use schemas::Sku;
use schemas::stock::{StockEvent, StockItemOpened, StockPolicy};

use super::Stock;
use crate::Refusal;
use crate::one_stream::one_stream;

/// Counts stock of a SKU from now on: the answer to a variant whose stock is tracked.
#[derive(Clone, Debug)]
pub struct OpenStockItem {
    /// What is to be counted.
    pub sku: Sku,
}

one_stream!(OpenStockItem, Stock, |it| it.sku.stock_stream(), open);

fn open(stock: &Stock, command: &OpenStockItem) -> Result<Vec<StockEvent>, Refusal> {
    match stock {
        Stock::Counted(_) => Ok(Vec::new()),
        Stock::Unopened => {
            Ok(vec![StockItemOpened { sku: command.sku.clone(), policy: StockPolicy::Deny }.into()])
        }
    }
}
