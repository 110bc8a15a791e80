//! Which lints generated code leaves alone, since the user has silenced them above the item that it is made of.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta};

/// An `#[allow(…)]` for each lint that these attributes allow or expect. What is deprecated can be used by what is made of
/// it.
pub(crate) fn silenced<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> TokenStream {
    let silenced = attributes.into_iter().filter_map(|attribute| match &attribute.meta {
        // An expectation holds for the item itself, and mustn't be met or missed once more.
        Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
            let lints = &list.tokens;
            Some(quote!(#[allow(#lints)]))
        }
        meta => meta.path().is_ident("deprecated").then(|| quote!(#[allow(deprecated)])),
    });
    silenced.collect()
}
