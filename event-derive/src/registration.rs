//! How the macros register what they find.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// An item that submits `link`, a `fn(&mut Linked)` that adds what was found to everything that is linked.
pub(crate) fn submit(core: &impl ToTokens, link: &TokenStream) -> TokenStream {
    quote!(#core::inventory::submit! { #core::Registration(#link) })
}

/// The same with a symbol that keeps it on WebAssembly. `name` is unique in its scope.
pub(crate) fn submit_and_keep(core: &impl ToTokens, link: &TokenStream, name: &str) -> TokenStream {
    let item = submit(core, link);
    quote! {
        #item

        #[cfg(target_family = "wasm")]
        #core::keep! { #name }
    }
}
