//! Kinds of values that are unique in the catalog. **Stored format**: the names are in the log's claims.

use crate::ClaimKind;

/// The slug of a product.
pub const SLUG: ClaimKind = ClaimKind("slug");
/// The SKU of a variant. SKUs are unique without regard to case, so the value is the SKU in capitals. Claims from before are
/// SKUs as they were written.
pub const SKU: ClaimKind = ClaimKind("sku");
