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
            let unread = signature::name_of_unread(item.clone());
            let error = match &unread {
                Some(_) => syn::Error::new(error.span(), format!("this function can't be read: {error}")),
                None => syn::Error::new(error.span(), "`#[hookspec]` goes above a function without a body"),
            };
            let (error, item) = (error.into_compile_error(), unread.is_none().then_some(item));
            return quote!(#error #item);
        }
    };
    signature::mark_event(&mut function.signature);
    let mut errors = Errors::new();
    let spec = model::Spec::read(options, &function, &mut errors);
    match errors.finish() {
        Ok(()) => expand::spec(&spec),
        Err(errors) => expand::mistaken(&spec, errors),
    }
}
