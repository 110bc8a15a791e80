//! What the linked crates registered.
//!
//! Beside each event, hook and implementation, the macros write a static that refers to one of the functions below, in the section
//! whose functions the loader calls before `main`. So a list of everything that is linked comes about without a list in the source.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::dispatch::hook::{HookInfo, HookSpec};
use crate::dispatch::implementation::HookImpl;
use crate::dispatch::typed_steps::Body;
use crate::event::event_type::{Declaration, Event};
use crate::event::plugin_identity::PluginList;

/// Everything that is linked, in no order: the linker's changes from build to build.
#[derive(Default)]
pub(crate) struct Linked {
    pub(crate) events: Vec<&'static Declaration>,
    pub(crate) hooks: Vec<&'static HookInfo>,
    pub(crate) implementations: Vec<&'static HookImpl>,
    pub(crate) plugin_lists: Vec<&'static PluginList>,
}

static LINKED: Mutex<Linked> = Mutex::new(Linked {
    events: Vec::new(),
    hooks: Vec::new(),
    implementations: Vec::new(),
    plugin_lists: Vec::new(),
});

/// What is linked so far: a library that is loaded later adds to it.
pub(crate) fn linked() -> Linked {
    let mut linked = lock();
    Linked {
        events: once(&mut linked.events),
        hooks: once(&mut linked.hooks),
        implementations: once(&mut linked.implementations),
        plugin_lists: once(&mut linked.plugin_lists),
    }
}

/// WebAssembly may call the functions that run before `main` several times.
fn once<T>(registered: &mut Vec<&'static T>) -> Vec<&'static T> {
    if cfg!(target_family = "wasm") {
        registered.sort_unstable_by_key(|it| std::ptr::from_ref::<T>(it));
        registered.dedup_by_key(|it| std::ptr::from_ref::<T>(it));
    }
    registered.clone()
}

fn lock() -> MutexGuard<'static, Linked> {
    LINKED.lock().unwrap_or_else(PoisonError::into_inner)
}

// Generated code names these.

#[doc(hidden)]
pub extern "C" fn link_event<E: Event>() {
    add_event(&E::TYPES[0]);
}

#[doc(hidden)]
pub extern "C" fn link_hook<S: HookSpec>() {
    add_hook(S::INFO);
}

#[doc(hidden)]
pub extern "C" fn link_function<B: Body>() {
    link_implementation(&B::DECLARED);
}

#[doc(hidden)]
#[inline(never)]
pub fn link_implementation(implementation: &'static HookImpl) {
    lock().implementations.push(implementation);
}

#[doc(hidden)]
#[inline(never)]
pub fn link_plugins(list: &'static PluginList) {
    lock().plugin_lists.push(list);
}

#[inline(never)]
fn add_event(event: &'static Declaration) {
    lock().events.push(event);
}

#[inline(never)]
fn add_hook(hook: &'static HookInfo) {
    lock().hooks.push(hook);
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
