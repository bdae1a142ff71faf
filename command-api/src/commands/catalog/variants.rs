//! Variants and their prices.

use std::sync::Arc;

use domain::product::{AddVariant, ChangeVariant, DiscontinueVariant, SetPrice};
use schemas::{ProductId, Sku};

use super::product;
use crate::accepted::{Accepted, CommandError};
use crate::commands::{Commands, Target};
use crate::inputs::checks::{Problems, one_line_if};
use crate::inputs::{NothingInput, PriceInput, VariantDetailsInput, VariantInput};
use crate::meta::CommandMeta;

impl Commands {
    /// Adds a variant to a product. The answer is `{productId, sku}`.
    pub async fn add_variant(
        &self,
        meta: &CommandMeta,
        id: &str,
        input: VariantInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let sku = problems.parsed("sku", &input.sku);
        let details = input.details(&mut problems);
        let sku = problems.all(sku)?;
        let (product_id, target) = product(id)?;
        let add = AddVariant { product_id, sku, details };
        self.execute(meta, "AddVariant", target, &input, add).await
    }

    /// Replaces the details of a variant.
    pub async fn change_variant(
        &self,
        meta: &CommandMeta,
        id: &str,
        sku: &str,
        input: VariantDetailsInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let details = input.details(&mut problems);
        problems.none()?;
        let (product_id, sku, target) = variant(id, sku)?;
        let request = (sku.clone(), &input);
        self.execute(meta, "ChangeVariant", target, &request, ChangeVariant { product_id, sku, details })
            .await
    }

    /// Discontinues a variant. This cannot be undone.
    pub async fn discontinue_variant(
        &self,
        meta: &CommandMeta,
        id: &str,
        sku: &str,
    ) -> Result<Accepted, CommandError> {
        let (product_id, sku, target) = variant(id, sku)?;
        let request = (sku.clone(), NothingInput {});
        self.execute(meta, "DiscontinueVariant", target, &request, DiscontinueVariant { product_id, sku })
            .await
    }

    /// Sets the price of a variant in one currency.
    pub async fn set_price(
        &self,
        meta: &CommandMeta,
        id: &str,
        sku: &str,
        input: PriceInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let price = input.price.parsed(&mut problems, "price");
        let compare_at = input.compare_at.as_ref().and_then(|money| money.parsed(&mut problems, "compareAt"));
        let price = problems.all(price)?;
        let (product_id, sku, target) = variant(id, sku)?;
        let request = (sku.clone(), &input);
        let (reason, rules) = (one_line_if(input.reason.as_ref()), Arc::clone(&self.rules));
        let set = SetPrice { product_id, sku, price, compare_at, reason, rules };
        self.execute(meta, "SetPrice", target, &request, set).await
    }
}

fn variant(id: &str, sku: &str) -> Result<(ProductId, Sku, Target), CommandError> {
    let (product_id, target) = product(id)?;
    let sku = sku.parse().map_err(|_| CommandError::NotFound("variant"))?;
    Ok((product_id, sku, target))
}
