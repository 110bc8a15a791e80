//! `#[derive(Event)]`.

mod bounds;
mod expand;
mod misplaced;
mod model;
mod serde_fields;
mod shared_fields;

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::errors::Errors;

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error(),
    };
    let mut errors = Errors::new();
    let event = model::Event::read(&input, &mut errors);
    misplaced::check(&input, &mut errors);
    match errors.finish() {
        Ok(()) => expand::event(&event),
        Err(errors) => {
            // So that one mistake here isn't followed by an error wherever the event is used.
            let fallback = expand::fallback(&event);
            let errors = errors.into_compile_error();
            quote::quote!(#errors #fallback)
        }
    }
}
