//! What the linked crates registered.

use crate::dispatch::hook::HookInfo;
use crate::dispatch::implementation::HookImpl;
use crate::event::event_type::Declaration;
use crate::event::plugin_identity::PluginList;

/// An event or a hook that generated code registers; its description is a constant of its trait as well.
#[doc(hidden)]
#[derive(Debug)]
pub struct Linked<T: 'static>(pub &'static T);

// The linker collects them.
inventory::collect!(Linked<Declaration>);
inventory::collect!(Linked<HookInfo>);
inventory::collect!(HookImpl);
inventory::collect!(PluginList);

/// Registers one item; generated code calls it with a name that is unique in its scope.
///
/// On WebAssembly the linker drops uncalled functions, registrations in dependencies included. It keeps a crate's object
/// file if that exports a symbol, so each registration stands beside one.
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

/// Everything of one kind that is linked, in no order: the linker's changes from build to build.
pub(crate) fn linked<T: inventory::Collect>() -> impl Iterator<Item = &'static T> {
    inventory::iter::<T>.into_iter()
}
