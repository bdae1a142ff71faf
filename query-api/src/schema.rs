//! The two schemas and their SDL.

use async_graphql::{EmptyMutation, SDLExportOptions, Schema, SchemaBuilder};

use crate::admin::AdminQuery;
use crate::storefront::StorefrontQuery;
use crate::subscriptions::{AdminSubscription, StorefrontSubscription};

/// The first line of a generated file.
const GENERATED: &str =
    "# Generated from query-api by its tests; UPDATE_CONTRACTS=1 rewrites it. Do not edit.\n\n";

/// Builds the storefront schema, which executes nothing but descriptions and subscriptions: see [`crate::execution`].
pub(crate) fn storefront(
    introspection: bool,
) -> SchemaBuilder<StorefrontQuery, EmptyMutation, StorefrontSubscription> {
    hidden_unless(
        introspection,
        Schema::build(StorefrontQuery::default(), EmptyMutation, StorefrontSubscription::default()),
    )
}

/// Builds the back-office schema, likewise.
pub(crate) fn admin(introspection: bool) -> SchemaBuilder<AdminQuery, EmptyMutation, AdminSubscription> {
    hidden_unless(
        introspection,
        Schema::build(AdminQuery::default(), EmptyMutation, AdminSubscription::default()),
    )
}

fn hidden_unless<Q, S>(
    introspection: bool,
    builder: SchemaBuilder<Q, EmptyMutation, S>,
) -> SchemaBuilder<Q, EmptyMutation, S> {
    if introspection { builder } else { builder.disable_introspection().disable_suggestions() }
}

/// The storefront schema as checked in.
pub fn storefront_sdl() -> String {
    described(&storefront(true).finish().sdl_with_options(options()))
}

/// The back-office schema as checked in.
pub fn admin_sdl() -> String {
    described(&admin(true).finish().sdl_with_options(options()))
}

fn options() -> SDLExportOptions {
    SDLExportOptions::new().include_specified_by()
}

fn described(sdl: &str) -> String {
    format!("{GENERATED}{}\n", sdl.trim())
}
