//! What the linked crates registered.

use std::sync::Arc;

use crate::event::EventType;
use crate::hook::HookInfo;
use crate::implementation::HookImpl;
use crate::plugin::PluginList;

/// One thing that generated code registers; the linker brings them together through [`inventory`].
#[doc(hidden)]
#[derive(Debug)]
pub enum Registration {
    Event(&'static EventType),
    Hook(&'static HookInfo),
    Implementation(&'static HookImpl),
    Plugins(&'static PluginList),
}

inventory::collect!(Registration);

/// Registers one thing; generated code calls it with a name that nothing else in the place where it stands has.
///
/// On WebAssembly the linker drops what nobody calls, registrations in dependencies included. It keeps a crate's object
/// where that exports a symbol, so each registration stands beside one.
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($name:literal, $registration:expr) => {
        $crate::__private::inventory::submit! { $registration }

        #[cfg(target_family = "wasm")]
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

/// Everything that is linked, in no order: the linker's changes from build to build.
pub(crate) fn linked() -> impl Iterator<Item = &'static Registration> {
    inventory::iter::<Registration>.into_iter()
}

/// Something that the program's data holds, or that was made while it runs.
pub(crate) enum Declared<T: ?Sized + 'static> {
    Static(&'static T),
    Owned(Arc<T>),
}

impl<T: ?Sized> Declared<T> {
    pub(crate) fn get(&self) -> &T {
        match self {
            Self::Static(value) => value,
            Self::Owned(value) => value,
        }
    }
}
