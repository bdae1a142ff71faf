//! The queries that are measured.

/// A list of 20 products as a shop's front page shows it.
pub const FLAT: &str =
    "query($first: Int) { products(first: $first) { nodes { id slug title brand availableForSale
 priceRange { min { amount currencyCode } } } pageInfo { hasNextPage endCursor } } }";

/// The same with two variants each, their prices and stock levels.
pub const VARIANTS: &str =
    "query($first: Int) { products(first: $first) { nodes { id slug title brand availableForSale
 variants(first: 2) { nodes { id sku title price { amount currencyCode } stock { sku level } } } }
 pageInfo { hasNextPage endCursor } } }";

/// Everything about 20 orders.
pub const ORDERS: &str = "query { orders(first: 20) { nodes { id number version placedAt status paymentStatus fulfilmentStatus onHold
 lines { nodes { sku title quantity unitPrice { amount } total { amount } product { slug title } } }
 totals { grand { amount currencyCode } } payments { id status amount { amount } } shipments { id status carrier trackingNumber }
 timeline(first: 20) { nodes { at type title actor { type id } } } reservation { id status } deadlines { kind at } }
 pageInfo { hasNextPage endCursor } } }";

/// A page of a long list, filtered and sorted, that begins at a time.
pub const PAGE: &str = "query($before: DateTime) { orders(first: 20, where: { status: [COMPLETED], placedAt: { to: $before } },
 sort: [{ field: PLACED_AT, direction: DESC }]) { nodes { id number status placedAt totals { grand { amount } } }
 pageInfo { hasNextPage endCursor } } }";
