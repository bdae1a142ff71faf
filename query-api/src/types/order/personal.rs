//! An order's personal data, opened for who holds its guest token and for operators.

use async_graphql::{Context, Object, Result, SimpleObject};
use read_models::documents::Sealed;
use serde::Deserialize;

use super::Document;
use crate::reader::reader;

/// What of an order is personal.
#[derive(Clone)]
pub(crate) struct PersonalData(pub(super) Document);

/// What of an order is personal.
#[Object]
impl PersonalData {
    /// The e-mail address; null once it was erased.
    async fn email(&self, ctx: &Context<'_>) -> Result<Option<String>> {
        Ok(reader(ctx)?.open(&self.0.value.email, "email").await?)
    }

    /// Where it goes; null once it was erased.
    async fn ship_to(&self, ctx: &Context<'_>) -> Result<Option<Address>> {
        Address::open(ctx, Some(&self.0.value.ship_to), "shipTo").await
    }

    /// Where the bill goes, if that is somewhere else; null once it was erased.
    async fn bill_to(&self, ctx: &Context<'_>) -> Result<Option<Address>> {
        Address::open(ctx, self.0.value.bill_to.as_ref(), "billTo").await
    }

    /// Whether the personal data of this order was erased: it cannot be read by anybody any more.
    async fn erased(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(Some(reader(ctx)?.is_erased(&self.0.value.email, "email").await?))
    }
}

/// A postal address.
#[derive(Deserialize, SimpleObject)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Address {
    /// Who receives it.
    name: String,
    /// Street and house number, one or two lines.
    lines: Vec<String>,
    /// Postal code, where the country has one.
    postal_code: Option<String>,
    /// City or town.
    city: String,
    /// State, province or region, where an address needs one.
    region: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    country: String,
}

impl Address {
    /// Opens an address; `None` when there is none or it was erased.
    pub(crate) async fn open(
        ctx: &Context<'_>,
        sealed: Option<&Sealed>,
        field: &str,
    ) -> Result<Option<Self>> {
        match sealed {
            Some(sealed) => Ok(reader(ctx)?.open(sealed, field).await?),
            None => Ok(None),
        }
    }
}
