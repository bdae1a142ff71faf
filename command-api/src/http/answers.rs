//! The fields of answers that depend on the command, for the OpenAPI document. Decisions write them as JSON;
//! `answers_are_as_the_document_describes_them` compares the two.
#![expect(dead_code, reason = "describes the JSON of answers")]

use utoipa::ToSchema;

/// An amount of money in one currency, as queries answer it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Amount {
    /// Amount in the currency's main unit, such as `19.99`.
    amount: String,
    /// Amount in whole minor units, as text: `1999` is €19.99 or ¥1999.
    minor: String,
    /// ISO 4217 currency code, such as `EUR`.
    currency_code: String,
}

/// Sums of an order, all in its currency, tax included: `grand` = `subtotal` − `discount` + `shipping`.
#[derive(ToSchema)]
pub(super) struct Totals {
    /// Sum of the lines, before discounts.
    subtotal: Amount,
    /// Sum of all discounts.
    discount: Amount,
    /// Shipping cost; zero if shipping is free.
    shipping: Amount,
    /// Tax that `grand` contains.
    tax: Amount,
    /// Total amount that the customer pays.
    grand: Amount,
}

/// Fields of a command's first answer that depend on the command.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Answer {
    /// Id of the order. Present after `placeOrder`.
    #[schema(nullable = false)]
    order_id: Option<String>,
    /// Order number for people. Present after `placeOrder`.
    #[schema(nullable = false)]
    order_number: Option<String>,
    /// Sums of the order. Present after `placeOrder`.
    #[schema(nullable = false)]
    totals: Option<Totals>,
    /// Id of the product. Present after `createProduct` and `addVariant`.
    #[schema(nullable = false)]
    product_id: Option<String>,
    /// Id of the category. Present after `createCategory`.
    #[schema(nullable = false)]
    category_id: Option<String>,
    /// URL name. Present after `createProduct` and `createCategory`.
    #[schema(nullable = false)]
    slug: Option<String>,
    /// SKU of the new variant. Present after `addVariant`.
    #[schema(nullable = false)]
    sku: Option<String>,
}

/// Data for correcting a field. Which fields are present depends on the code.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(super) struct Details {
    /// Current price of one unit. Present with PRICE_CHANGED.
    #[schema(nullable = false)]
    unit_price: Option<Amount>,
    /// Smallest quantity that is accepted. Present with QUANTITY_OUT_OF_RANGE.
    #[schema(nullable = false)]
    min: Option<u32>,
    /// Largest quantity that is accepted. Present with QUANTITY_OUT_OF_RANGE.
    #[schema(nullable = false)]
    max: Option<u32>,
}
