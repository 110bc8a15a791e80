//! The identity of a plugin, and how an application names the plugins that it links.

use std::fmt;
use std::panic::Location;

use serde::{Serialize, Serializer};

/// A crate that contributes events or implementations. Made by [`plugin!`](crate::plugin!).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Plugin {
    name: &'static str,
    version: &'static str,
}

impl Plugin {
    #[doc(hidden)]
    pub const fn new(name: &'static str, version: &'static str) -> Self {
        Self { name, version }
    }

    /// The package's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The package's version.
    pub fn version(&self) -> &'static str {
        self.version
    }
}

/// A module of a package. All items of a module share one, since each reference to a text takes as much room in a program
/// as the text.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct Module {
    pub(crate) path: &'static str,
    pub(crate) plugin: Plugin,
}

impl Module {
    pub const fn new(path: &'static str, plugin: Plugin) -> Self {
        Self { path, plugin }
    }
}

/// A place in the source, written as `file:line`.
pub(crate) struct Place<'a>(pub(crate) &'a Location<'a>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0.file(), self.0.line())
    }
}

impl Serialize for Place<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The plugins that one `plugins![…]` names.
#[doc(hidden)]
#[derive(Debug)]
pub struct PluginList {
    pub plugins: &'static [&'static Plugin],
    pub location: &'static Location<'static>,
}

/// Makes this crate a plugin: write it once, in the root of the crate (`src/lib.rs`).
///
/// ```standalone_crate
/// event_core::plugin!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! plugin {
    () => {
        #[doc(hidden)]
        pub static __EVENT_PLUGIN: $crate::__private::Plugin =
            $crate::__private::Plugin::new(::core::env!("CARGO_PKG_NAME"), ::core::env!("CARGO_PKG_VERSION"));

        const _: () = {
            // `self` is the module around a function, so this doesn't compile in one.
            let _ = &self::__EVENT_PLUGIN;
            $crate::__private::check_root(::core::module_path!());
        };
    };
    ($($any:tt)+) => {
        ::core::compile_error!(
            "`plugin!()` takes nothing: the plugin is this package, by its name in Cargo.toml"
        );
    };
}

/// `plugins![…]` of an application looks for the plugin in the root of its crate.
#[doc(hidden)]
pub const fn check_root(module_path: &str) {
    let mut at = 0;
    while at < module_path.len() {
        assert!(
            module_path.as_bytes()[at] != b':',
            "`plugin!()` stands in a module; write it in the root of the crate, `src/lib.rs`"
        );
        at += 1;
    }
}

/// Names the plugin crates of this program, so that the linker keeps them: write it once, in
/// `src/main.rs`.
///
/// A crate that stands only in `Cargo.toml`, and that no code names, isn't linked at all: its events and
/// implementations are missing, without a warning. [`App::start`](crate::App::start) checks that each plugin named here
/// really registered something.
///
/// ```standalone_crate
/// event_core::plugins![event_stderr, event_sqlite];
/// # extern crate self as event_stderr;
/// # extern crate self as event_sqlite;
/// # event_core::plugin!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! plugins {
    ($($plugins:tt)*) => {
        $crate::__private::plugins! { ($crate) $($plugins)* }
    };
}
