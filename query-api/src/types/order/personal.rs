//! Personal data of an order, decrypted for holders of its guest token and for operators.

use crate::execution::Ctx;
use async_graphql::{Result, SimpleObject};
use query_api_macros::{Fields, object};
use read_models::documents::Sealed;
use serde::Deserialize;

use super::Document;

#[derive(Clone)]
pub(crate) struct PersonalData(pub(super) Document);

/// The personal data of an order.
#[object]
impl PersonalData {
    /// E-mail address of the customer. Null if personal data was erased.
    async fn email(&self, ctx: &Ctx<'_>) -> Result<Option<String>> {
        Ok(ctx.reader().open(&self.0.value.email, "email").await?)
    }

    /// Delivery address. Null if personal data was erased.
    async fn ship_to(&self, ctx: &Ctx<'_>) -> Result<Option<Address>> {
        Address::open(ctx, Some(&self.0.value.ship_to), "shipTo").await
    }

    /// Billing address. Null if it is the delivery address or personal data was erased.
    async fn bill_to(&self, ctx: &Ctx<'_>) -> Result<Option<Address>> {
        Address::open(ctx, self.0.value.bill_to.as_ref(), "billTo").await
    }

    /// Whether the personal data of the order was erased. Erasure is permanent. Null, with an error, if this
    /// cannot be determined.
    async fn erased(&self, ctx: &Ctx<'_>) -> Result<Option<bool>> {
        Ok(Some(ctx.reader().is_erased(&self.0.value.email, "email").await?))
    }
}

/// Name and postal address of a recipient.
#[derive(Deserialize, SimpleObject, Fields)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    /// Name of the recipient, 1 to 100 characters.
    name: String,
    /// Street and house number, 1 to 3 lines.
    lines: Vec<String>,
    /// Postal code. Null if the country has none.
    postal_code: Option<String>,
    /// City or town, 1 to 100 characters.
    city: String,
    /// State, province or region. Null if the address needs none.
    region: Option<String>,
    /// ISO 3166-1 alpha-2 country code, such as `DE`.
    country: String,
}

impl Address {
    /// Decrypts an address; `None` if there is none or it was erased.
    pub(crate) async fn open(ctx: &Ctx<'_>, sealed: Option<&Sealed>, field: &str) -> Result<Option<Self>> {
        match sealed {
            Some(sealed) => Ok(ctx.reader().open(sealed, field).await?),
            None => Ok(None),
        }
    }
}
