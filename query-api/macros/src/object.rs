//! The attribute macro `object`.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, ExprLit, FnArg, GenericArgument, Generics, Ident, ImplItem, ImplItemFn, ItemImpl,
    Lit, Meta, Pat, PatType, PathArguments, Result, ReturnType, Token, Type,
};

/// A field of the object: a method.
struct Field {
    /// As the schema has it.
    name: String,
    method: ImplItemFn,
    has_context: bool,
    arguments: Vec<Argument>,
    answer: Type,
}

struct Argument {
    /// As the schema has it.
    name: String,
    ident: Ident,
    ty: Type,
    default: Option<Expr>,
    /// For async-graphql.
    attributes: Vec<Attribute>,
}

pub(crate) fn expand(arguments: TokenStream, mut block: ItemImpl) -> Result<TokenStream> {
    let mut fields = Vec::new();
    for item in &mut block.items {
        let ImplItem::Fn(method) = item else {
            return Err(Error::new_spanned(item, "an object has only methods"));
        };
        fields.push(Field::of(method)?);
    }
    let registered = registered(&arguments, &block, &fields);
    let executed = executed(&block, &fields);
    block.attrs.clear();
    Ok(quote! { #block #registered #executed })
}

impl Field {
    /// Reads a method, and removes from it what only async-graphql understands.
    fn of(method: &mut ImplItemFn) -> Result<Self> {
        let ReturnType::Type(_, answer) = &method.sig.output else {
            return Err(Error::new_spanned(&method.sig, "a field has a value"));
        };
        let answer = (**answer).clone();
        let mut inputs = method.sig.inputs.iter_mut().skip(1).peekable();
        let has_context = matches!(inputs.peek(), Some(FnArg::Typed(first)) if is_context(&first.ty));
        if has_context {
            inputs.next();
        }
        let mut arguments = Vec::new();
        for input in inputs {
            let FnArg::Typed(input) = input else {
                return Err(Error::new_spanned(input, "a field has one receiver"));
            };
            arguments.push(Argument::of(input)?);
        }
        let name = camel(&method.sig.ident.unraw().to_string());
        Ok(Self { name, method: method.clone(), has_context, arguments, answer })
    }

    /// The call of the method on `self`, once its arguments are bound.
    fn call(&self) -> TokenStream {
        let method = &self.method.sig.ident;
        let context = self.has_context.then(|| quote! { &call.context(), });
        let arguments = self.arguments.iter().map(|argument| &argument.ident);
        let waits = self.method.sig.asyncness.map(|_| quote! { .await });
        quote! { self.#method(#context #(#arguments),*) #waits }
    }

    /// Binds the arguments of a field that is executed.
    fn bindings(&self, failed: &TokenStream) -> TokenStream {
        let answer = &self.answer;
        self.arguments
            .iter()
            .map(|Argument { name, ident, ty, default, .. }| {
                let default = match default {
                    Some(default) => quote! { ::std::option::Option::Some(|| #default) },
                    None => quote! { ::std::option::Option::None::<fn() -> #ty> },
                };
                quote! {
                    let #ident: #ty = match call.argument(#name, #default) {
                        ::std::result::Result::Ok(value) => value,
                        ::std::result::Result::Err(error) => {
                            let failed = call.failed::<#answer>(*error);
                            #failed
                        }
                    };
                }
            })
            .collect()
    }
}

impl Argument {
    fn of(input: &mut PatType) -> Result<Self> {
        let Pat::Ident(pattern) = &*input.pat else {
            return Err(Error::new_spanned(input, "an argument has a name"));
        };
        let ident = pattern.ident.clone();
        let (attributes, kept) = std::mem::take(&mut input.attrs)
            .into_iter()
            .partition::<Vec<_>, _>(|attribute| attribute.path().is_ident("graphql"));
        input.attrs = kept;
        let (mut name, mut default) = (camel(&ident.unraw().to_string()), None);
        for attribute in &attributes {
            for meta in attribute.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)? {
                let Meta::NameValue(pair) = meta else {
                    return Err(Error::new_spanned(meta, "expected name = value"));
                };
                match (pair.path.to_token_stream().to_string().as_str(), pair.value) {
                    ("name", Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => name = text.value(),
                    ("default", value) => default = Some(value),
                    ("desc", _) => {}
                    (_, value) => {
                        return Err(Error::new_spanned(value, "only name, default and desc are known"));
                    }
                }
            }
        }
        Ok(Self { name, ident, ty: (*input.ty).clone(), default, attributes })
    }
}

/// The type for async-graphql, which only describes it. Its methods have other names: async-graphql makes methods of its own.
fn registered(arguments: &TokenStream, block: &ItemImpl, fields: &[Field]) -> TokenStream {
    let (attributes, ty) = (&block.attrs, &block.self_ty);
    let (generics, _, bounds) = block.generics.split_for_impl();
    let methods = fields.iter().map(|field| {
        let (name, answer) = (&field.name, without_result(&field.answer));
        let shim = format_ident!("graphql_{}", field.method.sig.ident.unraw());
        // Descriptions, and what is expected of a method with many arguments.
        let kept = ["doc", "expect"];
        let kept = |attribute: &&Attribute| kept.iter().any(|name| attribute.path().is_ident(name));
        let attributes = field.method.attrs.iter().filter(kept);
        let inputs = field.arguments.iter().map(|Argument { ident, ty, attributes, .. }| {
            quote! { #(#attributes)* #ident: #ty }
        });
        let idents = field.arguments.iter().map(|argument| &argument.ident);
        quote! {
            #(#attributes)*
            #[graphql(name = #name)]
            pub(crate) async fn #shim(
                &self,
                #(#inputs),*
            ) -> ::async_graphql::Result<#answer> {
                #(drop(#idents);)*
                ::std::result::Result::Err(crate::execution::described_only())
            }
        }
    });
    quote! {
        #(#attributes)*
        #[::async_graphql::Object(#arguments)]
        impl #generics #ty #bounds {
            #(#methods)*
        }
    }
}

/// `T` of `Result<T>`.
fn without_result(ty: &Type) -> &Type {
    let Type::Path(path) = ty else { return ty };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Result");
    match last.map(|segment| &segment.arguments) {
        Some(PathArguments::AngleBracketed(arguments)) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => inner,
            _ => ty,
        },
        _ => ty,
    }
}

/// The type for `execution`.
fn executed(block: &ItemImpl, fields: &[Field]) -> TokenStream {
    let mut arms = Arms::default();
    for field in fields {
        let (name, answer) = (&field.name, &field.answer);
        let call = field.call();
        if field.method.sig.asyncness.is_none() {
            let bindings =
                field.bindings(&quote! { return failed.map(|null| out.extend_from_slice(&null)); });
            arms.plain.push(quote! { #name => <#answer as crate::execution::Output>::is_plain(call), });
            arms.written.push(quote! {
                #name => {
                    #bindings
                    crate::execution::Output::write(&#call, call, out)
                }
            });
        }
        let bindings = field.bindings(&quote! { return failed; });
        arms.resolved.push(quote! {
            #name => ::std::boxed::Box::pin(async move {
                #bindings
                let value = #call;
                crate::execution::Output::resolve(&value, call).await
            }),
        });
        arms.names.push(name.clone());
    }
    implementation(&block.generics, &block.self_ty.to_token_stream(), &arms)
}

/// What the fields of a type are for `execution`, as arms of a match by name.
#[derive(Default)]
pub(crate) struct Arms {
    pub(crate) names: Vec<String>,
    /// Whether a field needs nothing but the object; those that read something are left out.
    pub(crate) plain: Vec<TokenStream>,
    pub(crate) written: Vec<TokenStream>,
    pub(crate) resolved: Vec<TokenStream>,
}

/// An object type for `execution`, which is also a value of fields.
pub(crate) fn implementation(generics: &Generics, ty: &TokenStream, arms: &Arms) -> TokenStream {
    let Arms { names, plain, written, resolved } = arms;
    let (generics, _, bounds) = generics.split_for_impl();
    quote! {
        crate::execution::objects! { [#generics] #ty [#bounds] }

        impl #generics crate::execution::Object for #ty #bounds {
            fn name() -> ::std::borrow::Cow<'static, str> {
                <Self as ::async_graphql::OutputType>::type_name()
            }

            fn has(field: &str) -> bool {
                matches!(field, #(#names)|*)
            }

            fn is_plain(call: crate::execution::Call<'_, '_>) -> bool {
                match call.name() {
                    #(#plain)*
                    _ => false,
                }
            }

            fn write(
                &self,
                call: crate::execution::Call<'_, '_>,
                out: &mut ::std::vec::Vec<u8>,
            ) -> crate::execution::Written {
                match call.name() {
                    #(#written)*
                    _ => call.unknown(),
                }
            }

            fn resolve<'a>(&'a self, call: crate::execution::Call<'a, '_>) -> crate::execution::Later<'a> {
                match call.name() {
                    #(#resolved)*
                    _ => call.unknown_later(),
                }
            }
        }
    }
}

fn is_context(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    let Type::Path(path) = &*reference.elem else { return false };
    path.path.segments.last().is_some_and(|segment| segment.ident == "Ctx")
}

/// `price_range` as `priceRange`.
pub(crate) fn camel(snake: &str) -> String {
    let mut words = snake.split('_').filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |mut name, word| {
        let (initial, rest) = word.split_at(1);
        name.push_str(&initial.to_uppercase());
        name.push_str(rest);
        name
    })
}
