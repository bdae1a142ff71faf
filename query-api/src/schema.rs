//! The two schemas and their descriptions.

use async_graphql::{EmptyMutation, EmptySubscription, Schema};

use crate::admin::AdminQuery;
use crate::storefront::StorefrontQuery;

/// What shoppers can ask.
pub(crate) type StorefrontSchema = Schema<StorefrontQuery, EmptyMutation, EmptySubscription>;
/// What operators and auditors can ask.
pub(crate) type AdminSchema = Schema<AdminQuery, EmptyMutation, EmptySubscription>;

/// The first line of a generated file.
const GENERATED: &str =
    "# Generated from query-api by its tests; UPDATE_CONTRACTS=1 writes it again. Do not edit.\n\n";

/// Builds the storefront's schema.
pub(crate) fn storefront(introspection: bool) -> StorefrontSchema {
    let builder = Schema::build(StorefrontQuery::default(), EmptyMutation, EmptySubscription);
    if introspection {
        builder.finish()
    } else {
        builder.disable_introspection().disable_suggestions().finish()
    }
}

/// Builds the operators' schema.
pub(crate) fn admin(introspection: bool) -> AdminSchema {
    let builder = Schema::build(AdminQuery::default(), EmptyMutation, EmptySubscription);
    if introspection {
        builder.finish()
    } else {
        builder.disable_introspection().disable_suggestions().finish()
    }
}

/// The storefront's schema as it is checked in.
pub fn storefront_sdl() -> String {
    described(&storefront(true).sdl())
}

/// The operators' schema as it is checked in.
pub fn admin_sdl() -> String {
    described(&admin(true).sdl())
}

fn described(sdl: &str) -> String {
    format!("{GENERATED}{}\n", sdl.trim())
}
