//! The return types of implementations, and where a call stores their values.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use stackfuture::StackFuture;

use crate::dispatch::execute::Notable;
use crate::dispatch::failure::BoxError;
use crate::dispatch::foreign_error;
use crate::dispatch::hook::HookSpec;

/// What a return value is to the framework: a value, no value, or an error.
#[doc(hidden)]
pub type ReturnValue<T> = Result<Option<T>, BoxError>;

/// What an implementation of a hook that returns `T` may return: `T`, `Option<T>`, `Result<T, E>` or
/// `Result<Option<T>, E>`. `None` is no result; every other value is one, `0`, `""` and `false` included.
#[diagnostic::on_unimplemented(
    message = "an implementation of this hook can't return `{Self}`",
    label = "this hook's value is `{T}`",
    note = "return `{T}`, `Option<{T}>`, `Result<{T}, E>` or `Result<Option<{T}>, E>`"
)]
pub trait IntoReturnValue<T> {
    /// Its error. Converted by generated code, so that an unsuitable error type is reported as such.
    #[doc(hidden)]
    type Error;

    #[doc(hidden)]
    fn into_return_value(self) -> Result<Option<T>, Self::Error>;
}

impl<T> IntoReturnValue<T> for T {
    type Error = Infallible;

    fn into_return_value(self) -> Result<Option<T>, Infallible> {
        Ok(Some(self))
    }
}

#[diagnostic::do_not_recommend]
impl<T> IntoReturnValue<T> for Option<T> {
    type Error = Infallible;

    fn into_return_value(self) -> Result<Option<T>, Infallible> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> IntoReturnValue<T> for Result<T, E> {
    type Error = E;

    fn into_return_value(self) -> Result<Option<T>, E> {
        self.map(Some)
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> IntoReturnValue<T> for Result<Option<T>, E> {
    type Error = E;

    fn into_return_value(self) -> Result<Option<T>, E> {
        self
    }
}

/// What a closure for [`AppBuilder::on`](crate::AppBuilder::on) may return.
#[diagnostic::on_unimplemented(
    message = "a closure that is given to `.on` returns `()`, or a `Result` or an `Option` of it",
    label = "this one returns `{Self}`",
    note = "it can't be async and returns no future: write an `async fn` with `#[hookimpl(track_event)]`, and give it to \
            `.hook(…)`"
)]
pub trait IntoClosureValue {
    /// See [`IntoReturnValue::Error`].
    #[doc(hidden)]
    type Error;

    #[doc(hidden)]
    fn into_closure_value(self) -> Result<Option<()>, Self::Error>;
}

#[diagnostic::do_not_recommend]
impl<R: IntoReturnValue<()>> IntoClosureValue for R {
    type Error = R::Error;

    fn into_closure_value(self) -> Result<Option<()>, R::Error> {
        self.into_return_value()
    }
}

/// An error that can be the cause of a [`Failure`](crate::Failure).
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of an implementation",
    label = "doesn't become a `Box<dyn Error + Send + Sync>`",
    note = "implement `std::error::Error` for it and keep it `Send + Sync + 'static`; `String`, `anyhow::Error` \
            and `Box<dyn Error + Send + Sync>` do as they are"
)]
pub trait IntoCause {
    #[doc(hidden)]
    fn into_cause(self) -> BoxError;
}

#[diagnostic::do_not_recommend]
impl<E: Into<BoxError>> IntoCause for E {
    fn into_cause(self) -> BoxError {
        foreign_error::unwrap(self.into())
    }
}

/// Where the implementations of one call put their values.
#[doc(hidden)]
pub struct ReturnValues<'s, 'a, S: HookSpec> {
    pub(crate) values: S::Values,
    pub(crate) notable: Option<Box<Notable>>,
    /// The slot in which the future of an asynchronous implementation is made and polled.
    pub(crate) slot: Slot<'s, 'a, S::Output>,
}

/// The future of an asynchronous implementation: up to this size it needs no allocation.
const FUTURE_SIZE: usize = 256;

pub(crate) type ReturnFuture<'a, T> = StackFuture<'a, ReturnValue<T>, FUTURE_SIZE>;

pub(crate) type Slot<'s, 'a, T> = Pin<&'s mut Option<ReturnFuture<'a, T>>>;

/// How the call goes on after an implementation.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    NoValue,
    Value,
    /// A value that ends the call.
    LastValue,
    Failed,
    /// A pending future.
    Later,
    /// Nothing: the closure of this step has to be called.
    Closure,
}

impl Flow {
    /// Whether the next implementation can be called at once.
    #[inline]
    pub(crate) fn goes_on(self) -> bool {
        matches!(self, Self::NoValue | Self::Value)
    }
}

impl<'s, 'a, S: HookSpec> ReturnValues<'s, 'a, S> {
    #[inline]
    pub(crate) fn new(slot: Slot<'s, 'a, S::Output>) -> Self {
        Self { values: S::Values::default(), notable: None, slot }
    }

    /// Takes what an implementation returned.
    #[inline]
    pub(crate) fn take(&mut self, value: ReturnValue<S::Output>) -> Flow {
        match value {
            Ok(Some(value)) => {
                self.values.push(value);
                if S::INFO.is_first_result() { Flow::LastValue } else { Flow::Value }
            }
            Ok(None) => Flow::NoValue,
            Err(cause) => self.fail(cause),
        }
    }

    /// Polls the future that an implementation left.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "where the future is known, so is what polling it does")]
    pub(crate) fn poll_future(&mut self, waker: &Waker) -> Poll<Flow> {
        let future = self.slot.as_mut().as_pin_mut().expect("a pending step leaves its future");
        let value = ready!(future.poll(&mut Context::from_waker(waker)));
        // A finished future holds no values, and can stay until the next one replaces it.
        Poll::Ready(self.take(value))
    }

    #[cold]
    fn fail(&mut self, cause: BoxError) -> Flow {
        self.notable.get_or_insert_default().cause = Some(cause);
        Flow::Failed
    }
}

/// Takes what an implementation returned. Generated code calls it.
#[doc(hidden)]
#[inline]
pub fn take<S: HookSpec>(values: &mut ReturnValues<'_, '_, S>, value: ReturnValue<S::Output>) -> Flow {
    values.take(value)
}

/// The return value of an implementation without a return type. Most are of this kind.
///
/// By [`IntoReturnValue`], 200 events with an implementation each took 3.6 times as long to check as their peer instead of 3.2
/// times.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "an implementation of this hook can't return `()`",
    label = "this hook's value is `{T}`",
    note = "return `{T}`, `Option<{T}>`, `Result<{T}, E>` or `Result<Option<{T}>, E>`"
)]
pub trait Nothing<T> {
    fn value(self) -> T;
}

#[diagnostic::do_not_recommend]
impl Nothing<()> for () {
    #[inline]
    fn value(self) {}
}

/// There is no such value. But with one candidate only, the compiler would conclude what the hook's value must be, and
/// report mismatched types in generated code.
#[doc(hidden)]
pub struct NoValue(Infallible);

#[diagnostic::do_not_recommend]
impl Nothing<NoValue> for () {
    fn value(self) -> NoValue {
        unreachable!("no hook has this value")
    }
}

/// Takes that an implementation has returned nothing. Generated code calls it.
#[doc(hidden)]
#[inline]
pub fn nothing<S: HookSpec>(values: &mut ReturnValues<'_, '_, S>, nothing: ()) -> Flow
where
    (): Nothing<S::Output>,
{
    values.take(Ok(Some(nothing.value())))
}

/// The same of one that has yet to run. Generated code calls it.
#[doc(hidden)]
#[inline]
pub fn nothing_later<'a, S: HookSpec>(
    values: &mut ReturnValues<'_, 'a, S>,
    waker: &Waker,
    future: impl Future<Output = ()> + Send + 'a,
) -> Flow
where
    (): Nothing<S::Output>,
{
    later(values, waker, ReturnsNothing { future, output: PhantomData::<fn() -> S::Output> })
}

pin_project_lite::pin_project! {
    /// Converts the future's output to a return value. An `async` block would add a state of its own, and cost 60 instructions
    /// an implementation instead of 49.
    struct ReturnsNothing<T, F> {
        #[pin]
        future: F,
        output: PhantomData<fn() -> T>,
    }
}

impl<T, F: Future<Output = ()>> Future for ReturnsNothing<T, F>
where
    (): Nothing<T>,
{
    type Output = ReturnValue<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<ReturnValue<T>> {
        self.project().future.poll(context).map(|nothing| Ok(Some(nothing.value())))
    }
}

/// Takes the future of what an implementation will return, and polls it for the first time: here the compiler knows
/// which future it is, and mostly it is ready. Generated code calls it.
#[doc(hidden)]
#[inline]
pub fn later<'a, S: HookSpec>(
    values: &mut ReturnValues<'_, 'a, S>,
    waker: &Waker,
    future: impl Future<Output = ReturnValue<S::Output>> + Send + 'a,
) -> Flow {
    values.slot.set(Some(ReturnFuture::from_or_box(future)));
    match values.poll_future(waker) {
        Poll::Ready(flow) => flow,
        Poll::Pending => Flow::Later,
    }
}

/// The values that a hook's implementations gave, in call order: a `Vec`, or for `()` only their [number](Units).
///
/// A `Vec<()>` allocates nothing, but its `push` can panic, and the stack frame for that costs each implementation 11
/// instructions: 28 instead of 17. With the number beside the `Vec` in one type for all hooks, an event costs 11 more.
#[doc(hidden)]
pub trait Values<T>: Default + Send {
    fn push(&mut self, value: T);
    fn into_vec(self) -> Vec<T>;
}

impl<T: Send> Values<T> for Vec<T> {
    #[inline]
    fn push(&mut self, value: T) {
        self.push(value);
    }

    fn into_vec(self) -> Vec<T> {
        self
    }
}

/// The number of values of type `()`.
#[doc(hidden)]
#[derive(Default)]
pub struct Units(usize);

impl Values<()> for Units {
    #[inline]
    fn push(&mut self, (): ()) {
        // Fewer than there are implementations.
        self.0 = self.0.wrapping_add(1);
    }

    #[inline]
    fn into_vec(self) -> Vec<()> {
        vec![(); self.0]
    }
}
