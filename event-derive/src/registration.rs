//! How the macros register what they find.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// An item that makes the loader call `register`, an `extern "C" fn()`, before `main`.
///
/// Each platform has its own section of such functions: Windows, macOS and its relatives, and everything with ELF or
/// WebAssembly. The crate inventory does the same, but its `submit!` takes eight times as long to check: more than half of what an
/// event took.
pub(crate) fn before_main(register: &TokenStream) -> TokenStream {
    quote! {
        #[used]
        #[cfg_attr(windows, unsafe(link_section = ".CRT$XCU"))]
        #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func,mod_init_funcs"))]
        #[cfg_attr(not(any(windows, target_vendor = "apple")), unsafe(link_section = ".init_array"))]
        static __REGISTER: extern "C" fn() = #register;
    }
}

/// The same with a symbol that keeps it on WebAssembly. `name` is unique in its scope.
pub(crate) fn kept_before_main(core: &impl ToTokens, register: &TokenStream, name: &str) -> TokenStream {
    let item = before_main(register);
    quote! {
        #item

        #[cfg(target_family = "wasm")]
        #core::keep! { #name }
    }
}
