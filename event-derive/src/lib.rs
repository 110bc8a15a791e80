//! The macros of event-core: `#[derive(Event)]`, `#[hookspec]`, `#[hookimpl]` and `plugins!`.
//!
//! They are documented where they are meant to be used from: at their re-exports in event-core. A macro here
//! only translates. It parses the item into a small model, collecting every mistake, and expands the model into
//! code that calls plain functions of event-core.

#![forbid(unsafe_code)]
// What stands here would be repeated below the page of the re-export.
#![allow(missing_docs)]

mod doc;
mod errors;
mod event;
mod hookimpl;
mod hookspec;
mod lints;
mod name;
mod near;
mod options;
mod plugins;
mod registration;
mod signature;
mod types;

use proc_macro::TokenStream;

#[proc_macro_derive(Event, attributes(event, serde))]
pub fn derive_event(item: TokenStream) -> TokenStream {
    event::derive(item.into()).into()
}

#[proc_macro_attribute]
pub fn hookspec(options: TokenStream, item: TokenStream) -> TokenStream {
    hookspec::expand(options.into(), &item.into()).into()
}

#[proc_macro_attribute]
pub fn hookimpl(options: TokenStream, item: TokenStream) -> TokenStream {
    hookimpl::expand(options.into(), &item.into()).into()
}

/// What `event_core::plugins!` becomes.
#[doc(hidden)]
#[proc_macro]
pub fn plugins(list: TokenStream) -> TokenStream {
    plugins::expand(list.into()).into()
}
