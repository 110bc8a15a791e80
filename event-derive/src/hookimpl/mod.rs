//! `#[hookimpl]`.

mod expand;
mod model;
mod output;
mod parameter_types;
#[cfg(test)]
mod tests;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::signature;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut function: model::Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let message = format!("`#[hookimpl]` goes above a function: {error}");
            let error = syn::Error::new(error.span(), message).into_compile_error();
            return quote!(#item #error);
        }
    };
    if let Some(end) = &function.missing_body {
        let message =
            "an implementation has a body: write `{ … }` instead; a function without one is a `#[hookspec]`";
        let error = syn::Error::new(end.span, message).into_compile_error();
        let model::Function { attributes, visibility, signature, .. } = &function;
        return quote! {
            #error
            #[allow(unused_variables)]
            #(#attributes)*
            #visibility #signature { ::core::unreachable!() }
        };
    }
    let is_marked = signature::mark_event(&mut function.signature);
    let mut errors = Errors::new();
    let implementation = model::Implementation::read(options, &function, &mut errors);
    match errors.finish() {
        Ok(()) => {
            let added = expand::implementation(&implementation);
            let model::Function { attributes, visibility, signature, body, .. } = &function;
            let item = if is_marked { &quote!(#(#attributes)* #visibility #signature #body) } else { item };
            quote!(#item #added)
        }
        Err(errors) => {
            let errors = errors.into_compile_error();
            // The macro that makes a runtime would report the parameters, too.
            let model::Function { attributes, visibility, signature, body, .. } = &function;
            let attributes = attributes.iter().filter(|attribute| !model::starts_a_runtime(attribute));
            quote!(#(#attributes)* #visibility #signature #body #errors)
        }
    }
}
