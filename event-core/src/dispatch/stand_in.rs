//! What stands in for a type that a hook can't have, so that one mistake is one error.
//!
//! `#[hookspec]` asks each type once whether it suits, and reports the ones that don't there. Everywhere else it writes
//! what [`Choose`] makes of the type: the type itself, or a [`StandIn`] for it, which is `Copy`, `Send` and `Sync`
//! whatever the type is. So the hook, its implementations and its calls compile, but for that one error.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::dispatch::parameter::{Fills, HookArgument};
use crate::dispatch::return_value::IntoAnswer;

/// What the results of a hook must be.
#[diagnostic::on_unimplemented(
    message = "a hook can't return `{Self}`",
    label = "can't be kept until all implementations have run, on any thread",
    note = "results are owned, `Sized` and `Send`: write `Arc` for `Rc`, `Box<dyn Trait + Send>` for `dyn Trait` and \
            for `Box<dyn Trait>`"
)]
pub trait HookValue: Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Send + 'static> HookValue for T {}

// Without `?Sized` a type without a size would be two errors.
#[doc(hidden)]
#[expect(clippy::needless_maybe_sized, reason = "as above")]
pub const fn hook_argument<A: HookArgument + ?Sized>() {}

#[doc(hidden)]
pub const fn hook_value<T: HookValue + ?Sized>() {}

/// Asks a type what it can be. The inherent items are found before those of [`SuitsNot`] where their bounds hold.
#[doc(hidden)]
pub struct Suits<T: ?Sized>(PhantomData<T>);

impl<T: HookArgument> Suits<T> {
    pub const AS_ARGUMENT: bool = true;
}

impl<T: HookValue> Suits<T> {
    pub const AS_VALUE: bool = true;
}

impl<T> Suits<T> {
    pub const SIZED: bool = true;
}

#[doc(hidden)]
pub trait SuitsNot {
    const AS_ARGUMENT: bool = false;
    const AS_VALUE: bool = false;
    const SIZED: bool = false;
}

impl<T: ?Sized> SuitsNot for Suits<T> {}

/// The answers of [`Suits`].
#[doc(hidden)]
pub struct Choice<const SUITS: bool, const SIZED: bool>;

/// What is written in the place of a `T`.
#[doc(hidden)]
pub trait Choose<'a, T: ?Sized + 'a> {
    /// What the caller of a hook gives.
    type Given;
    /// What the implementations get, and what a call returns.
    type Kept;

    fn keep(given: Self::Given) -> Self::Kept;
}

impl<'a, T: 'a> Choose<'a, T> for Choice<true, true> {
    type Given = T;
    type Kept = T;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is nothing")]
    fn keep(given: T) -> T {
        given
    }
}

impl<'a, T: 'a> Choose<'a, T> for Choice<false, true> {
    type Given = T;
    type Kept = StandIn<T>;

    fn keep(_: T) -> StandIn<T> {
        StandIn::new()
    }
}

/// There is no value of such a type to give, so what its mention meant is a reference.
impl<'a, T: ?Sized + 'a> Choose<'a, T> for Choice<false, false> {
    type Given = &'a T;
    type Kept = StandIn<&'a T>;

    fn keep(_: &'a T) -> StandIn<&'a T> {
        StandIn::new()
    }
}

/// In a program that compiles there is none.
#[doc(hidden)]
pub struct StandIn<T>(PhantomData<fn() -> T>);

impl<T> StandIn<T> {
    #[expect(clippy::new_without_default, reason = "generated code calls it")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Clone for StandIn<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for StandIn<T> {}

impl<T> std::fmt::Debug for StandIn<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StandIn")
    }
}

/// So that what a caller does with a result compiles too.
impl<T> Deref for StandIn<T> {
    type Target = T;

    fn deref(&self) -> &T {
        unreachable!("what a hook can't have doesn't compile")
    }
}

#[diagnostic::do_not_recommend]
impl<T> Fills<T> for StandIn<T> {
    fn fill(self) -> Option<T> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<T> IntoAnswer<StandIn<T>> for T {
    type Error = std::convert::Infallible;

    fn into_answer(self) -> Result<Option<StandIn<T>>, Self::Error> {
        Ok(None)
    }
}

#[diagnostic::do_not_recommend]
impl<T> IntoAnswer<StandIn<T>> for Option<T> {
    type Error = std::convert::Infallible;

    fn into_answer(self) -> Result<Option<StandIn<T>>, Self::Error> {
        Ok(None)
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> IntoAnswer<StandIn<T>> for Result<T, E> {
    type Error = E;

    fn into_answer(self) -> Result<Option<StandIn<T>>, E> {
        self.map(|_| None)
    }
}
