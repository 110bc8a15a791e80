//! Which lints the user silenced above an item, and so in the code generated from it.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta};

/// An `#[allow(…)]` for each lint that these attributes allow or expect. Code generated from a deprecated item may use it.
pub(crate) fn silenced<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> TokenStream {
    let silenced = attributes.into_iter().filter_map(|attribute| match &attribute.meta {
        // Only the item itself must meet an expectation.
        Meta::List(list) if list.path.is_ident("allow") || list.path.is_ident("expect") => {
            let lints = &list.tokens;
            Some(quote!(#[allow(#lints)]))
        }
        meta => meta.path().is_ident("deprecated").then(|| quote!(#[allow(deprecated)])),
    });
    silenced.collect()
}
