//! What an implementation may return.

use std::convert::Infallible;

use crate::failure::BoxError;

/// What the framework makes of it: a value, no value, or an error.
#[doc(hidden)]
pub type Answer<T> = Result<Option<T>, BoxError>;

/// What an implementation of a hook that returns `T` may return: `T`, `Option<T>`, `Result<T, E>` or
/// `Result<Option<T>, E>`. `None` is no result; every other value is one, `0`, `""` and `false` included.
#[diagnostic::on_unimplemented(
    message = "an implementation of this hook can't return `{Self}`",
    label = "this hook's value is `{T}`",
    note = "return `{T}`, `Option<{T}>`, `Result<{T}, E>` or `Result<Option<{T}>, E>`"
)]
pub trait IntoAnswer<T> {
    /// What it fails with. Converted by generated code, so that an error type that doesn't do is reported as such.
    #[doc(hidden)]
    type Error;

    #[doc(hidden)]
    fn into_answer(self) -> Result<Option<T>, Self::Error>;
}

impl<T> IntoAnswer<T> for T {
    type Error = Infallible;

    fn into_answer(self) -> Result<Option<T>, Infallible> {
        Ok(Some(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T> IntoAnswer<T> for Option<T> {
    type Error = Infallible;

    fn into_answer(self) -> Result<Option<T>, Infallible> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> IntoAnswer<T> for Result<T, E> {
    type Error = E;

    fn into_answer(self) -> Result<Option<T>, E> {
        self.map(Some)
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> IntoAnswer<T> for Result<Option<T>, E> {
    type Error = E;

    fn into_answer(self) -> Result<Option<T>, E> {
        self
    }
}

/// An error that can be the cause of a [`Failure`](crate::Failure).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of an implementation",
    label = "doesn't become a `Box<dyn Error + Send + Sync>`",
    note = "implement `std::error::Error` for it and keep it `Send + Sync + 'static`; `String` and `anyhow::Error` \
            do as they are"
)]
pub trait IntoCause {
    #[doc(hidden)]
    fn into_cause(self) -> BoxError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> IntoCause for E {
    fn into_cause(self) -> BoxError {
        self.into()
    }
}
