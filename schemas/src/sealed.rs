//! Personal data as it stands in events: sealed with a key per subject.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An encrypted piece of personal data. Only somebody with the subject's key (and the right to ask for it) can open it;
/// once that key is destroyed nobody can. The cipher and the keys live in `platform`; this is the stored format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// Whose data it is: the customer's or the guest order's stream id.
    pub subject: String,
    /// `XC20P`: XChaCha20-Poly1305, nonce first, the subject and the field's name as associated data.
    pub alg: String,
    /// Nonce and ciphertext, base64 without padding.
    pub data: String,
}

/// Names of the sealed fields: part of what is authenticated, so a sealed value opens only under its own.
pub mod field {
    /// An e-mail address.
    pub const EMAIL: &str = "email";
    /// Where to send goods.
    pub const SHIP_TO: &str = "shipTo";
    /// Where to send the bill.
    pub const BILL_TO: &str = "billTo";
    /// The payment provider's token.
    pub const PAYMENT_TOKEN: &str = "paymentToken";
    /// Why somebody wants something, in their own words.
    pub const TEXT: &str = "text";
    /// A note on an order.
    pub const NOTE: &str = "note";
}

/// A postal address, as it is inside a [`Sealed`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Address {
    /// Who receives it.
    pub name: String,
    /// Street and house number, one or two lines.
    pub lines: Vec<String>,
    /// Postal code, where the country has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City or town.
    pub city: String,
    /// State, province or region, where an address needs one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// ISO 3166-1 alpha-2 code.
    pub country: String,
}
