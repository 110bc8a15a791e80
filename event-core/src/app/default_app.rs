//! The process's default app, for code without access to an app.

use std::panic::Location;
use std::sync::OnceLock;

use crate::app::track::Track;
use crate::dispatch::error::{Error, INSTALLED_AT, Result};
use crate::dispatch::host::App;
use crate::event::event_type::Event;

static DEFAULT: OnceLock<App> = OnceLock::new();

impl App {
    /// Makes this app the process's default, for [`event_core::track`](crate::track).
    ///
    /// An application does this once, in `main`, and keeps a clone to shut down at the end: the default app is never
    /// dropped, so nothing reports a forgotten `shutdown`. A library never installs, and tests use apps of
    /// their own.
    ///
    /// # Errors
    /// [`Error::Installed`] when there is a default app already, with the place where it was installed.
    #[track_caller]
    pub fn install(&self) -> Result<()> {
        let place = Location::caller();
        DEFAULT.set(self.clone()).map_err(|_| Error::Installed)?;
        INSTALLED_AT.get_or_init(|| place);
        Ok(())
    }
}

/// [`App::track`] with the process's default app, for code without access to an app.
///
/// ```standalone_crate
/// use event_core::prelude::*;
///
/// #[derive(Event)]
/// struct CacheCleared;
///
/// fn clear_the_cache() -> event_core::Result<()> {
///     event_core::track(CacheCleared).wait()?;
///     Ok(())
/// }
///
/// fn main() -> event_core::Result<()> {
///     let app = App::start().wait()?;
///     app.install()?;
///     clear_the_cache()?;
///     app.shutdown().wait()
/// }
/// ```
///
/// # Errors
/// Those of [`App::track`], and [`Error::NoDefaultApp`] where no app was [installed](App::install): an event
/// is never dropped silently.
pub fn track<E: Event>(event: E) -> Track<'static, E> {
    Track::new(DEFAULT.get(), event)
}
