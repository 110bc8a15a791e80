//! `#[hookimpl]`.

mod batch;
mod durable;
mod expand;
mod model;
mod options;
mod output;
mod parameter_types;
#[cfg(test)]
mod tests;
mod wrapped_hook;

use proc_macro2::TokenStream;
use quote::quote;

use crate::errors::Errors;
use crate::signature;

pub(crate) fn expand(options: TokenStream, item: &TokenStream) -> TokenStream {
    let mut function: model::Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let unread = signature::name_of_unread(item.clone());
            let about = if unread.is_some() {
                "this function can't be read"
            } else {
                "`#[hookimpl]` goes above a function"
            };
            let error = syn::Error::new(error.span(), format!("{about}: {error}")).into_compile_error();
            let stand_in = unread.map(|name| quote!(#[allow(dead_code)] fn #name() {}));
            let item = stand_in.unwrap_or_else(|| item.clone());
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
        // The compiler reports it.
        Ok(()) if function.takes_a_name_twice() => item.clone(),
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
            let attributes = attributes.iter();
            let attributes = attributes.filter(|attribute| !model::is_misplaced(attribute, &signature.ident));
            // The compiler would report a struct in the place of a hook, too.
            let mut signature = signature.clone();
            if implementation.wrapper {
                wrapped_hook::without_structs(&implementation.hook, &mut signature);
            }
            quote!(#(#attributes)* #visibility #signature #body #errors)
        }
    }
}
