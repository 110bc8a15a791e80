//! How the macros register what they find.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// The module that the item stands in. Made of macros of the standard library alone: where an attribute above the item isn't there,
/// the compiler would report a macro of event-core a second time.
pub(crate) fn module(core: &impl ToTokens) -> TokenStream {
    quote! {
        &#core::Module::new(
            ::core::module_path!(),
            #core::Plugin::new(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION")),
        )
    }
}

/// An item that submits `link`, a `fn(&mut Linked)` that adds what was found to everything that is linked. `macros` is the path to
/// event-core's macros.
pub(crate) fn submit(macros: &impl ToTokens, core: &impl ToTokens, link: &TokenStream) -> TokenStream {
    quote!(#macros::inventory::submit! { #core::Registration(#link) })
}

/// The same with a symbol that keeps it on WebAssembly. `name` is unique in its scope.
pub(crate) fn submit_and_keep(
    macros: &impl ToTokens,
    core: &impl ToTokens,
    link: &TokenStream,
    name: &str,
) -> TokenStream {
    let item = submit(macros, core, link);
    quote! {
        #item

        #[cfg(target_family = "wasm")]
        #macros::keep! { #name }
    }
}
