//! Describes the object types of the GraphQL schemas to both engines: to async-graphql, which holds the schema and validates
//! queries, and to `query_api::execution`, which runs them.

mod object;
mod record;

use proc_macro::TokenStream;

/// Makes an `impl` block an object type of the schema. Each method is a field; its arguments are the field's. A method that is
/// `async` reads something; a field whose method is not is written without a future.
///
/// The names, descriptions and defaults are those of `async_graphql::Object`. A first argument `&Ctx<'_>` is the query's
/// context.
#[proc_macro_attribute]
pub fn object(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let block = syn::parse_macro_input!(item as syn::ItemImpl);
    object::expand(arguments.into(), block).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes the fields of a struct, which derives `async_graphql::SimpleObject`, known to `query_api::execution`.
#[proc_macro_derive(Fields)]
pub fn fields(item: TokenStream) -> TokenStream {
    let item = syn::parse_macro_input!(item as syn::DeriveInput);
    record::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}
