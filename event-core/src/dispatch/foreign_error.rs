//! Errors of other crates that `?` makes an [`Error`], in functions that return an `event_core::Result`.
//!
//! A general `impl<E: std::error::Error> From<E> for Error` isn't possible, since `Error` is one itself. So there is a list of
//! types; see [`Foreign`].

use std::error::Error as StdError;
use std::fmt;
use std::ops::Deref;

use crate::dispatch::error::Error;
use crate::dispatch::failure::BoxError;

/// An error that `?` makes an [`Error::Foreign`]: texts, boxed errors, `anyhow::Error` and its like, and those of the standard
/// library, `serde_json`, chrono and uuid.
///
/// A crate implements this for an error type of its own, so that `?` takes that too:
///
/// ```
/// use event_core::prelude::*;
///
/// #[derive(Debug)]
/// struct NotSent;
///
/// impl std::fmt::Display for NotSent {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str("the mail server is down")
///     }
/// }
///
/// impl std::error::Error for NotSent {}
///
/// impl event_core::error::Foreign for NotSent {}
///
/// #[hookimpl(track_event)]
/// fn mail() -> event_core::Result<()> {
///     Err(NotSent)?
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`?` doesn't make a `{Self}` an `event_core::Error`",
    label = "write `.map_err(event_core::Error::other)?`",
    note = "or return a `Result<_, Box<dyn Error + Send + Sync>>`",
    note = "for an error type of your own, write `impl event_core::error::Foreign for {Self} {{}}`"
)]
pub trait Foreign: Into<BoxError> {}

impl<E: Foreign> From<E> for Error {
    fn from(error: E) -> Self {
        Self::other(error)
    }
}

/// Boxes of any error, as `Box<dyn Error + Send + Sync>`, `anyhow::Error` and `eyre::Report` are: what can be made of an error
/// of this crate, and derefs to any error. No type of the list below does, and neither does [`Error`], so the compiler
/// knows that the two ways don't overlap.
#[diagnostic::do_not_recommend]
impl<E> Foreign for E where E: From<Sample> + Deref<Target = dyn StdError + Send + Sync> + Into<BoxError> {}

/// An error of this crate.
#[doc(hidden)]
#[derive(Debug)]
pub struct Sample;

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sample")
    }
}

impl StdError for Sample {}

macro_rules! foreign {
    ($($error:ty,)*) => {
        $(
            #[diagnostic::do_not_recommend]
            impl Foreign for $error {}
        )*
    };
}

foreign! {
    &'static str,
    String,
    chrono::ParseError,
    serde_json::Error,
    uuid::Error,
    std::array::TryFromSliceError,
    std::char::ParseCharError,
    std::env::VarError,
    std::fmt::Error,
    std::io::Error,
    std::net::AddrParseError,
    std::num::ParseFloatError,
    std::num::ParseIntError,
    std::num::TryFromIntError,
    std::str::ParseBoolError,
    std::str::Utf8Error,
    std::string::FromUtf8Error,
    std::sync::mpsc::RecvError,
    std::sync::mpsc::RecvTimeoutError,
    std::time::SystemTimeError,
}

/// The cause of a failure: the foreign error itself, which an implementation that returns an `event_core::Result` has in an
/// [`Error`].
#[cold]
pub(crate) fn unwrap(cause: BoxError) -> BoxError {
    match cause.downcast::<Error>() {
        Ok(error) => match *error {
            Error::Foreign(foreign) => foreign,
            other => other.into(),
        },
        Err(cause) => cause,
    }
}
