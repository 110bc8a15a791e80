//! `#[hookimpl]`.

mod expand;
mod model;

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, ItemFn, Signature, Token, Visibility};

use crate::errors::Errors;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => return unreadable(&error, item),
    };
    let mut errors = Errors::new();
    let implementation = model::Implementation::read(options, &function, &mut errors);
    let added = match errors.finish() {
        Ok(()) => expand::implementation(&implementation),
        Err(errors) => errors.into_compile_error(),
    };
    quote!(#item #added)
}

/// The error, and the item as far as it is one.
fn unreadable(error: &syn::Error, item: &TokenStream) -> TokenStream {
    let without_body = |input: ParseStream<'_>| {
        let attributes = input.call(Attribute::parse_outer)?;
        let (visibility, signature): (Visibility, Signature) = (input.parse()?, input.parse()?);
        let end = input.parse::<Token![;]>()?;
        let message =
            "an implementation has a body: write `{ … }` instead; a function without one is a `#[hookspec]`";
        let error = syn::Error::new(end.span, message).into_compile_error();
        Ok(
            quote!(#error #[allow(unused_variables)] #(#attributes)* #visibility #signature { ::core::unreachable!() }),
        )
    };
    without_body.parse2(item.clone()).unwrap_or_else(|_| {
        let error = syn::Error::new(error.span(), format!("`#[hookimpl]` goes above a function: {error}"));
        let error = error.into_compile_error();
        quote!(#item #error)
    })
}
