//! What an application and its plugins get from an app: shared values, event types, and their configuration.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::dispatch::error::Result;
use crate::dispatch::host::App;
use crate::event::event_type::EventType;

impl App {
    /// Puts a value into the app, for others to find by its type.
    ///
    /// # Errors
    /// [`Error::StateExists`](crate::Error::StateExists) when the app already holds a value of this type.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) -> Result<()> {
        self.inner.state.insert(value)
    }

    /// The value of this type.
    ///
    /// # Errors
    /// [`Error::NoState`](crate::Error::NoState) when the app holds none.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.inner.state.get()
    }

    /// The value of this type, or else the one that `init` makes, which stays in the app. While one thread makes it,
    /// others that ask for it wait. After an error the next caller tries again.
    ///
    /// This is for a plugin that can be needed before its own `startup` implementation ran, as another plugin's `startup`
    /// may track events.
    ///
    /// ```
    /// use event_core::App;
    ///
    /// struct Pool(String);
    ///
    /// let app = App::builder().without_linked().start().wait()?;
    /// let open = || app.state_or_try_init(|| Ok::<_, event_core::Error>(Pool("events.db".to_owned())));
    /// assert_eq!(open()?.0, "events.db");
    /// assert_eq!(app.state::<Pool>()?.0, "events.db");
    /// # Ok::<_, event_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of `init`.
    ///
    /// # Panics
    /// When `init` itself asks for the value of this type in this way: it would wait for itself.
    pub fn state_or_try_init<T: Send + Sync + 'static, E>(
        &self,
        init: impl FnOnce() -> Result<T, E>,
    ) -> Result<Arc<T>, E> {
        self.inner.state.get_or_try_init(&self.inner.state_turns, init)
    }

    /// Every type of event that the app knows, sorted by name. None until `register_events` has run.
    pub fn event_types(&self) -> &[EventType] {
        self.inner.events.get().map_or(&[], Vec::as_slice)
    }

    /// The type of the events of this name, if the app knows one.
    ///
    /// ```
    /// use event_core::prelude::*;
    ///
    /// #[derive(Event)]
    /// struct BanUser;
    ///
    /// let app = App::builder().without_linked().event::<BanUser>().start().wait()?;
    /// assert!(app.event_type("ban-user").is_some());
    /// assert!(app.event_type("no-such").is_none());
    /// # Ok::<_, event_core::Error>(())
    /// ```
    pub fn event_type(&self, name: &str) -> Option<EventType> {
        let types = self.event_types();
        types.binary_search_by(|known| known.name().cmp(name)).ok().map(|at| types[at])
    }

    /// A plugin's section of the configuration, as a type of the plugin's own; see
    /// [`AppBuilder::config_file`](crate::AppBuilder::config_file). Without a section, it is read from an empty table.
    ///
    /// Read it in a `startup` implementation, so that a mistake in it keeps the app from starting.
    ///
    /// ```
    /// use event_core::App;
    ///
    /// #[derive(serde::Deserialize)]
    /// #[serde(default)]
    /// struct Settings {
    ///     batch: usize,
    /// }
    ///
    /// impl Default for Settings {
    ///     fn default() -> Self {
    ///         Self { batch: 10 }
    ///     }
    /// }
    ///
    /// let app = App::builder().without_linked().start().wait()?;
    /// let settings: Settings = app.plugin_config("event-forward")?;
    /// assert_eq!(settings.batch, 10);
    /// # Ok::<_, event_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) with all mistakes of the section: unknown keys, values of another type, missing
    /// keys.
    pub fn plugin_config<T: DeserializeOwned>(&self, plugin: &str) -> Result<T> {
        Ok(self.inner.parts.config.read(plugin)?)
    }
}
