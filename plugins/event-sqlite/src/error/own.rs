//! How errors of the application leave a closure.

use std::error::Error as StdError;
use std::sync::Arc;

use crate::error::Error;

impl Error {
    /// Takes an error of the application's own out of a closure; [`downcast_ref`](Self::downcast_ref) gives it back. An
    /// error of this crate, of rusqlite or of event-core in a box is taken out of it.
    ///
    /// ```
    /// use event_sqlite::Error;
    /// use std::net::AddrParseError;
    ///
    /// fn host(text: &str) -> event_sqlite::Result<std::net::IpAddr> {
    ///     text.parse().map_err(Error::own)
    /// }
    ///
    /// assert!(host("localhost").unwrap_err().downcast_ref::<AddrParseError>().is_some());
    /// ```
    ///
    /// An error type of the application says so once, and then `?` takes it:
    ///
    /// ```
    /// use event_sqlite::Error;
    ///
    /// #[derive(Debug)]
    /// struct NoSuchUser(i64);
    /// #
    /// # impl std::fmt::Display for NoSuchUser {
    /// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
    /// #         write!(f, "there is no user {}", self.0)
    /// #     }
    /// # }
    /// # impl std::error::Error for NoSuchUser {}
    ///
    /// impl From<NoSuchUser> for Error {
    ///     fn from(error: NoSuchUser) -> Self {
    ///         Self::own(error)
    ///     }
    /// }
    /// ```
    pub fn own(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let error = error.into();
        let error = match error.downcast::<Self>() {
            Ok(own) => return *own,
            Err(other) => other,
        };
        let error = match error.downcast::<rusqlite::Error>() {
            Ok(cause) => return (*cause).into(),
            Err(other) => other,
        };
        match error.downcast::<event_core::Error>() {
            Ok(cause) => (*cause).into(),
            Err(other) => Self::Own(Arc::from(other)),
        }
    }

    /// The application's own error, or what SQLite or event-core said, if it is of type `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        let error: &(dyn StdError + 'static) = match self {
            Self::Own(error) => &**error,
            Self::Sqlite { cause, .. } | Self::WriteInRead { cause, .. } => &**cause,
            Self::Event(error) | Self::Settings(error) => &**error,
            _ => return None,
        };
        error.downcast_ref()
    }
}

/// These have no better place here, and a closure has them often: a `?` should be enough.
macro_rules! own {
    ($($error:ty),* $(,)?) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::own(error)
            }
        }
    )*};
}

own!(
    &str,
    String,
    Box<dyn StdError + Send + Sync>,
    std::io::Error,
    std::fmt::Error,
    std::num::ParseIntError,
    std::num::ParseFloatError,
    std::num::TryFromIntError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
    std::env::VarError,
    std::time::SystemTimeError,
    serde_json::Error,
    chrono::ParseError,
    uuid::Error,
    event_journal::DoneError,
);
