//! Inputs of commands. [`Commands`](crate::Commands) checks their texts and reports all problems at once; unknown fields
//! are refused, so that a misspelt one is not overlooked.

use schemas::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod catalog;
pub(crate) mod checks;
mod orders;
mod payments;
mod reactions;
mod shipments;
mod stock;

pub use catalog::{
    AttributesInput, CategoriesInput, CategoryInput, DetailsInput, MediumInput, MoveInput, PriceInput,
    ProductInput, PublicationInput, RenameInput, VariantDetailsInput, VariantInput,
};
pub use orders::{
    AddressInput, CancelInput, HoldInput, LineInput, NoteInput, OrderInput, ResolveHoldInput,
    RetryPaymentInput,
};
pub use payments::{ActionOutcome, PaymentActionInput};
pub use reactions::RedriveInput;
pub use shipments::{DeliveredInput, DeliveryAttemptInput, DispatchInput, LostInput, TrackingInput};
pub use stock::{AdjustInput, ReceiveInput, ThresholdsInput, TransferInput};

/// A command without parameters: send an empty body or `{}`.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NothingInput {}

/// An amount of money in one currency.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoneyInput {
    /// Amount in minor units: 1999 is €19.99 or ¥1999.
    #[schema(example = 1999)]
    pub minor: i64,
    /// ISO 4217 currency code, such as `EUR`.
    #[schema(example = "EUR")]
    pub currency: String,
}

impl From<Money> for MoneyInput {
    fn from(money: Money) -> Self {
        Self { minor: money.minor, currency: money.currency.code().to_owned() }
    }
}

impl MoneyInput {
    /// The amount; adds a problem at `field` if the currency is unknown.
    pub(crate) fn parsed(&self, problems: &mut checks::Problems, field: &str) -> Option<Money> {
        let currency: Option<Currency> = problems.parsed(&format!("{field}.currency"), &self.currency);
        Some(currency?.minor(self.minor))
    }
}
