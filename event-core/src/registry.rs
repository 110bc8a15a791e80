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
