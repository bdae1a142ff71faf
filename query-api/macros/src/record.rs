//! The derive macro `Fields`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Data, DeriveInput, Error, Fields, Result};

use crate::object::{Arms, camel, implementation};

pub(crate) fn expand(item: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &item.data else {
        return Err(Error::new_spanned(item, "only a struct has fields"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(item, "the fields need names"));
    };
    let mut arms = Arms::default();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let (name, ty) = (camel(&ident.unraw().to_string()), &field.ty);
        arms.plain.push(quote! { #name => <#ty as crate::execution::Output>::is_plain(call), });
        arms.written.push(quote! { #name => crate::execution::Output::write(&self.#ident, call, out), });
        arms.resolved.push(quote! { #name => crate::execution::Output::resolve(&self.#ident, call), });
        arms.names.push(name);
    }
    let (name, (_, parameters, _)) = (&item.ident, item.generics.split_for_impl());
    Ok(implementation(&item.generics, &quote! { #name #parameters }, &arms))
}
