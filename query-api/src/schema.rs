//! The two schemas and their SDL.

use async_graphql::{EmptyMutation, SDLExportOptions, Schema};

use crate::admin::AdminQuery;
use crate::reader::FreshReaders;
use crate::storefront::StorefrontQuery;
use crate::subscriptions::{AdminSubscription, StorefrontSubscription};

/// The schema of the public storefront.
pub(crate) type StorefrontSchema = Schema<StorefrontQuery, EmptyMutation, StorefrontSubscription>;
/// The schema of the back office.
pub(crate) type AdminSchema = Schema<AdminQuery, EmptyMutation, AdminSubscription>;

/// The first line of a generated file.
const GENERATED: &str =
    "# Generated from query-api by its tests; UPDATE_CONTRACTS=1 rewrites it. Do not edit.\n\n";

/// Builds the storefront schema.
pub(crate) fn storefront(introspection: bool) -> StorefrontSchema {
    let builder = Schema::build(StorefrontQuery::default(), EmptyMutation, StorefrontSubscription::default())
        .extension(FreshReaders);
    if introspection {
        builder.finish()
    } else {
        builder.disable_introspection().disable_suggestions().finish()
    }
}

/// Builds the back-office schema.
pub(crate) fn admin(introspection: bool) -> AdminSchema {
    let builder = Schema::build(AdminQuery::default(), EmptyMutation, AdminSubscription::default())
        .extension(FreshReaders);
    if introspection {
        builder.finish()
    } else {
        builder.disable_introspection().disable_suggestions().finish()
    }
}

/// The storefront schema as checked in.
pub fn storefront_sdl() -> String {
    described(&storefront(true).sdl_with_options(options()))
}

/// The back-office schema as checked in.
pub fn admin_sdl() -> String {
    described(&admin(true).sdl_with_options(options()))
}

fn options() -> SDLExportOptions {
    SDLExportOptions::new().include_specified_by()
}

fn described(sdl: &str) -> String {
    format!("{GENERATED}{}\n", sdl.trim())
}
