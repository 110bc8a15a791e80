//! What the linked crates registered.
//!
//! Beside each event, hook and implementation, the macros submit a [`Registration`] to the crate inventory, which collects them
//! before `main`. So a list of everything that is linked comes about without a list in the source.

use crate::dispatch::hook::{HookInfo, HookSpec};
use crate::dispatch::implementation::HookImpl;
use crate::dispatch::typed_steps::Body;
use crate::event::event_type::{Declaration, Event};
use crate::event::plugin_identity::PluginList;

/// Everything that is linked, in no order: the linker's changes from build to build.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Linked {
    pub(crate) events: Vec<&'static Declaration>,
    pub(crate) hooks: Vec<&'static HookInfo>,
    pub(crate) implementations: Vec<&'static HookImpl>,
    pub(crate) plugin_lists: Vec<&'static PluginList>,
}

/// Adds one item to everything that is linked. One type for all kinds of items, and a function instead of the item itself: so a
/// check needn't evaluate the item.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registration(pub fn(&mut Linked));

// The linker collects them.
inventory::collect!(Registration);

/// What is linked so far: a library that is loaded later adds to it.
pub(crate) fn linked() -> Linked {
    let mut linked = Linked::default();
    for Registration(add) in inventory::iter::<Registration> {
        add(&mut linked);
    }
    linked
}

// Generated code names these.

#[doc(hidden)]
pub fn link_event<E: Event>(linked: &mut Linked) {
    linked.events.push(&E::TYPES[0]);
}

#[doc(hidden)]
pub fn link_hook<S: HookSpec>(linked: &mut Linked) {
    linked.hooks.push(S::INFO);
}

#[doc(hidden)]
pub fn link_function<B: Body>(linked: &mut Linked) {
    link_implementation(linked, &B::DECLARED);
}

#[doc(hidden)]
#[inline(never)]
pub fn link_implementation(linked: &mut Linked, implementation: &'static HookImpl) {
    linked.implementations.push(implementation);
}

#[doc(hidden)]
#[inline(never)]
pub fn link_plugins(linked: &mut Linked, list: &'static PluginList) {
    linked.plugin_lists.push(list);
}

/// Keeps the crate's object file on WebAssembly, where the linker drops uncalled functions, registrations in dependencies
/// included: it keeps a file that exports a symbol. Generated code calls it with a name that is unique in its scope.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __keep {
    ($name:literal) => {
        const _: () = {
            #[unsafe(export_name = $crate::__keep_name!($name))]
            extern "C" fn __keep() {}
        };
    };
}

/// A symbol's name that only one registration has. A macro of its own, since rustfmt moves a list in an attribute with
/// every run.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __keep_name {
    ($name:literal) => {
        ::core::concat!(
            "__event_keep:",
            ::core::module_path!(),
            ":",
            ::core::line!(),
            ":",
            ::core::column!(),
            ":",
            $name
        )
    };
}
