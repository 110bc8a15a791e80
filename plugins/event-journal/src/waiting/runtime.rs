//! The tokio runtime that code of an application is in while it runs on a plugin's thread.
//!
//! Timers, sockets and `tokio::spawn` find their runtime by the thread, and panic on one that is in none. Entering a runtime
//! doesn't move the code there: the runtime's own threads only wake it.

use std::sync::Arc;

use event_core::App;

#[cfg(feature = "tokio")]
use tokio::runtime::Handle;

#[cfg(not(feature = "tokio"))]
use self::without_tokio::Handle;

/// A tokio runtime, or none. Without the feature `tokio` always none.
#[derive(Clone, Debug)]
pub struct Runtime {
    handle: Option<Handle>,
    /// It isn't shut down before.
    _own: Option<OwnRuntime>,
}

impl Runtime {
    /// The one that this thread is in.
    pub fn current() -> Self {
        Self { handle: Handle::try_current().ok(), _own: None }
    }

    /// This one; the other one if this is none.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        if self.handle.is_some() { self } else { other.clone() }
    }

    /// Runs a function with this thread in the runtime.
    pub fn run<T>(&self, function: impl FnOnce() -> T) -> T {
        let _entered = self.handle.as_ref().map(Handle::enter);
        function()
    }
}

/// The tokio runtime that this plugin has for an app, with one worker thread: made when it is asked for first, and shut down with the
/// last of its handles.
///
/// Implementations that are called from threads of plugins are in this one, and not in their caller's: that one may be driven by a
/// thread that waits for them, or be dropped before the app.
#[derive(Clone, Debug, Default)]
pub struct OwnRuntime(
    #[cfg_attr(not(feature = "tokio"), expect(dead_code, reason = "there is none"))] Arc<Made>,
);

impl OwnRuntime {
    /// That of this app.
    pub fn of(app: &App) -> Self {
        let made = app.state_or_try_init(|| Ok::<_, std::convert::Infallible>(Self::default()));
        (*made.unwrap_or_else(|never| match never {})).clone()
    }
}

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::io;
    use std::sync::{Mutex, PoisonError};

    use event_core::plugin::error_line;
    use tokio::runtime::{Builder, Handle, Runtime};

    use crate::log::log;
    use crate::waiting::Process;

    #[derive(Debug, Default)]
    pub(super) struct Made {
        runtime: Mutex<Option<Runtime>>,
        process: Process,
    }

    impl super::OwnRuntime {
        /// Where its tasks are spawned.
        ///
        /// # Errors
        /// If the system can't start its thread.
        pub(crate) fn handle(&self) -> io::Result<Handle> {
            let mut made = self.0.runtime.lock().unwrap_or_else(PoisonError::into_inner);
            let runtime = match &*made {
                Some(runtime) => runtime,
                None => made.insert(
                    Builder::new_multi_thread()
                        .worker_threads(1)
                        .thread_name("event-journal runtime")
                        .enable_all()
                        .build()?,
                ),
            };
            Ok(runtime.handle().clone())
        }

        /// To run code in it; without one, if the system can't start its thread, which is a line on standard error.
        pub fn runtime(&self) -> super::Runtime {
            let handle = self.handle().inspect_err(|error| {
                log(format_args!(
                    "failed to start a tokio runtime for implementations: {}",
                    error_line(error)
                ));
            });
            super::Runtime { handle: handle.ok(), _own: Some(self.clone()) }
        }
    }

    impl Drop for Made {
        fn drop(&mut self) {
            let made = self.runtime.get_mut().unwrap_or_else(PoisonError::into_inner);
            match made.take() {
                // Its threads are another process's.
                Some(runtime) if self.process.is_another() => std::mem::forget(runtime),
                // It may be dropped by a thread of another runtime, which mustn't wait.
                Some(runtime) => runtime.shutdown_background(),
                None => {}
            }
        }
    }
}

#[cfg(feature = "tokio")]
use self::with_tokio::Made;

#[cfg(not(feature = "tokio"))]
use self::without_tokio::Made;

#[cfg(not(feature = "tokio"))]
mod without_tokio {
    #[derive(Debug, Default)]
    pub(super) struct Made;

    impl super::OwnRuntime {
        /// None.
        pub fn runtime(&self) -> super::Runtime {
            super::Runtime { handle: None, _own: Some(self.clone()) }
        }
    }

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
