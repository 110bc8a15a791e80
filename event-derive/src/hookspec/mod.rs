//! `#[hookspec]`.

mod arguments;
mod expand;
mod model;
mod output;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::signature;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut function: model::Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#error #item);
        }
    };
    signature::mark_event(&mut function.signature);
    let mut errors = Errors::new();
    let spec = model::Spec::read(options, &function, &mut errors);
    match errors.finish() {
        Ok(()) => expand::spec(&spec),
        Err(errors) => {
            // So that one mistake here isn't followed by an error wherever the hook is used.
            let fallback = if spec.is_whole { expand::spec(&spec) } else { expand::fallback(&spec) };
            let errors = errors.into_compile_error();
            quote!(#errors #fallback)
        }
    }
}
