//! What an application and its plugins ask of an app: values of each other's, and their configuration.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::dispatch::error::Result;
use crate::dispatch::host::App;

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
    /// [`Error::NoState`](crate::Error::NoState) when nobody put one in.
    pub fn state<T: Send + Sync + 'static>(&self) -> Result<Arc<T>> {
        self.inner.state.get()
    }

    /// A plugin's section of the configuration, as a type of the plugin's own; see
    /// [`AppBuilder::config_file`](crate::AppBuilder::config_file). Without a section, what serde makes of an empty one.
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
    /// [`Error::Config`](crate::Error::Config) with all mistakes of the section: keys that `T` doesn't read, values of another type, keys
    /// that are missing.
    pub fn plugin_config<T: DeserializeOwned>(&self, plugin: &str) -> Result<T> {
        Ok(self.inner.parts.config.read(plugin)?)
    }
}
