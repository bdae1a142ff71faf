//! The derive macro `Fields`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, Fields, Result};

use crate::object::camel;

pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &item.data else {
        return Err(Error::new_spanned(item, "only a struct has fields"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(item, "the fields need names"));
    };
    let fields: Vec<_> = fields.named.iter().filter_map(|field| field.ident.as_ref()).collect();
    let types = data.fields.iter().map(|field| &field.ty);
    let names: Vec<String> = fields.iter().map(|field| camel(&field.unraw().to_string())).collect();
    let (name, (generics, parameters, bounds)) = (&item.ident, item.generics.split_for_impl());
    let output = crate::object::output(&item.generics, &quote! { #name #parameters });
    Ok(quote! {
        #output

        impl #generics crate::execution::Object for #name #parameters #bounds {
            fn name() -> ::std::borrow::Cow<'static, str> {
                <Self as ::async_graphql::OutputType>::type_name()
            }

            fn has(field: &str) -> bool {
                matches!(field, #(#names)|*)
            }

            fn is_plain(call: crate::execution::Call<'_, '_>) -> bool {
                match call.name() {
                    #(#names => <#types as crate::execution::Output>::is_plain(call),)*
                    _ => true,
                }
            }

            fn write(
                &self,
                call: crate::execution::Call<'_, '_>,
                out: &mut ::std::vec::Vec<u8>,
            ) -> crate::execution::Written {
                match call.name() {
                    #(#names => crate::execution::Output::write(&self.#fields, call, out),)*
                    _ => call.unknown(),
                }
            }

            fn resolve<'a>(&'a self, call: crate::execution::Call<'a, '_>) -> crate::execution::Later<'a> {
                match call.name() {
                    #(#names => crate::execution::Output::resolve(&self.#fields, call),)*
                    _ => call.unknown_later(),
                }
            }
        }
    })
}
