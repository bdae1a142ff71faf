//! Variants and what they cost.

use std::sync::Arc;

use domain::product::{AddVariant, ChangeVariant, DiscontinueVariant, SetPrice};
use schemas::{ProductId, Sku};

use super::product;
use crate::accepted::{Accepted, CommandError};
use crate::commands::{Commands, Target};
use crate::inputs::checks::Problems;
use crate::inputs::{NothingInput, PriceInput, VariantDetailsInput, VariantInput};
use crate::meta::Meta;

impl Commands {
    /// Adds a variant to a product. Answers `{productId, sku}`.
    pub async fn add_variant(
        &self,
        meta: &Meta,
        id: &str,
        input: VariantInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let sku = problems.parsed("sku", &input.sku);
        let sku = problems.all(sku)?;
        let (product_id, target) = product(id)?;
        let add = AddVariant { product_id, sku, details: input.clone().details() };
        self.carry_out(meta, "AddVariant", target, &input, add).await
    }

    /// Says anew what a variant is like.
    pub async fn change_variant(
        &self,
        meta: &Meta,
        id: &str,
        sku: &str,
        input: VariantDetailsInput,
    ) -> Result<Accepted, CommandError> {
        let (product_id, sku, target) = variant(id, sku)?;
        let details = input.clone().details();
        let asked = (sku.clone(), &input);
        self.carry_out(meta, "ChangeVariant", target, &asked, ChangeVariant { product_id, sku, details })
            .await
    }

    /// Stops selling a variant, for good.
    pub async fn discontinue_variant(
        &self,
        meta: &Meta,
        id: &str,
        sku: &str,
    ) -> Result<Accepted, CommandError> {
        let (product_id, sku, target) = variant(id, sku)?;
        let asked = (sku.clone(), NothingInput {});
        self.carry_out(meta, "DiscontinueVariant", target, &asked, DiscontinueVariant { product_id, sku })
            .await
    }

    /// Says what a variant costs from now on, in one currency.
    pub async fn set_price(
        &self,
        meta: &Meta,
        id: &str,
        sku: &str,
        input: PriceInput,
    ) -> Result<Accepted, CommandError> {
        let mut problems = Problems::default();
        let price = input.price.parsed(&mut problems, "price");
        let compare_at = input.compare_at.as_ref().and_then(|money| money.parsed(&mut problems, "compareAt"));
        let price = problems.all(price)?;
        let (product_id, sku, target) = variant(id, sku)?;
        let asked = (sku.clone(), &input);
        let (reason, rules) = (input.reason.clone(), Arc::clone(&self.rules));
        let set = SetPrice { product_id, sku, price, compare_at, reason, rules };
        self.carry_out(meta, "SetPrice", target, &asked, set).await
    }
}

fn variant(id: &str, sku: &str) -> Result<(ProductId, Sku, Target), CommandError> {
    let (product_id, target) = product(id)?;
    let sku = sku.parse().map_err(|_| CommandError::NotFound("variant"))?;
    Ok((product_id, sku, target))
}
