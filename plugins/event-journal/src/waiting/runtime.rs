//! The tokio runtime that a caller is in, for the threads of this plugin that run its code.
//!
//! Timers, sockets and `tokio::spawn` find their runtime by the thread, and panic on one that is in none. Entering a runtime
//! doesn't move the code there: the runtime's own threads only wake it.

#[cfg(feature = "tokio")]
use tokio::runtime::Handle;

#[cfg(not(feature = "tokio"))]
use self::without_tokio::Handle;

/// A tokio runtime, or none. Without the feature `tokio` always none.
#[derive(Clone, Debug)]
pub struct Runtime(Option<Handle>);

impl Runtime {
    /// The one that this thread is in.
    pub fn current() -> Self {
        Self(Handle::try_current().ok())
    }

    /// This one; the other one if this is none.
    pub fn or(self, other: &Self) -> Self {
        Self(self.0.or_else(|| other.0.clone()))
    }

    /// Runs a function with this thread in the runtime.
    pub fn run<T>(&self, function: impl FnOnce() -> T) -> T {
        let _entered = self.0.as_ref().map(Handle::enter);
        function()
    }
}

#[cfg(not(feature = "tokio"))]
mod without_tokio {
    #[derive(Clone, Debug)]
    pub(super) enum Handle {}

    impl Handle {
        pub(super) fn try_current() -> Result<Self, ()> {
            Err(())
        }

        pub(super) fn enter(&self) {
            match *self {}
        }
    }
}
