//! `#[hookimpl]`.

mod expand;
mod model;

use proc_macro2::TokenStream;
use quote::quote;
use syn::ItemFn;

use crate::errors::Errors;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let function: ItemFn = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error =
                syn::Error::new(error.span(), format!("`#[hookimpl]` goes above a function: {error}"));
            let error = error.into_compile_error();
            return quote!(#item #error);
        }
    };
    let mut errors = Errors::new();
    let implementation = model::Implementation::read(options, &function, &mut errors);
    let added = match errors.finish() {
        Ok(()) => expand::implementation(&implementation),
        Err(errors) => errors.into_compile_error(),
    };
    quote!(#item #added)
}
