//! Replacements for types that a hook can't have, so that one mistake is one error.
//!
//! `#[hookspec]` asks each type once whether it suits, and reports the ones that don't there. Everywhere else it writes
//! what [`ChooseArgument`] or [`ChooseValue`] makes of the type: the type itself, or something that stands in for it,
//! whatever the type is. So the hook, its implementations and its calls compile, but for that one error.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::dispatch::parameter::{Fills, HookArgument};
use crate::dispatch::return_value::IntoReturnValue;

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

/// A mistake that leaves a type unknown: the length of an array that stands in for it.
#[doc(hidden)]
#[track_caller]
pub const fn mistake(message: &str) -> usize {
    panic!("{}", message)
}

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

/// What is written in the place of an argument's type.
#[doc(hidden)]
pub trait ChooseArgument<'a, T: ?Sized + 'a> {
    /// What the caller of a hook gives.
    type Passed;
    /// What the call keeps.
    type Kept;
    /// What an implementation's parameter is made of.
    type Taken;

    fn keep(passed: Self::Passed) -> Self::Kept;
    fn take(kept: Self::Kept) -> Self::Taken;
}

impl<'a, T: 'a> ChooseArgument<'a, T> for Choice<true, true> {
    type Passed = T;
    type Kept = T;
    type Taken = T;

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is nothing")]
    fn keep(given: T) -> T {
        given
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "it is nothing")]
    fn take(kept: T) -> T {
        kept
    }
}

impl<'a, T: 'a> ChooseArgument<'a, T> for Choice<false, true> {
    type Passed = T;
    type Kept = NoArgument;
    type Taken = Unsuitable;

    fn keep(_: T) -> NoArgument {
        NoArgument
    }

    fn take(_: NoArgument) -> Unsuitable {
        Unsuitable
    }
}

/// There is no value of such a type to give, so what its mention meant is a reference.
impl<'a, T: ?Sized + 'a> ChooseArgument<'a, T> for Choice<false, false> {
    type Passed = &'a T;
    type Kept = NoArgument;
    type Taken = Unsuitable;

    fn keep(_: &'a T) -> NoArgument {
        NoArgument
    }

    fn take(_: NoArgument) -> Unsuitable {
        Unsuitable
    }
}

/// Stands in for an argument in a call.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct NoArgument;

/// Stands in for an argument in an implementation, whose parameter can be of any type: which one is right isn't known.
/// It isn't `Copy`, so it is no [`HookArgument`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Unsuitable;

#[diagnostic::do_not_recommend]
impl<P> Fills<P> for Unsuitable {
    fn fill(self) -> Option<P> {
        None
    }
}

/// What is written in the place of a hook's value.
#[doc(hidden)]
pub trait ChooseValue<T: ?Sized> {
    type Kept;
}

impl<T> ChooseValue<T> for Choice<true, true> {
    type Kept = T;
}

impl<T> ChooseValue<T> for Choice<false, true> {
    type Kept = StandIn<T>;
}

impl<T: ?Sized + 'static> ChooseValue<T> for Choice<false, false> {
    type Kept = StandIn<&'static T>;
}

/// Stands in for a value of a hook: `Send` and `Sync` whatever the type is. In a program that compiles there is none.
#[doc(hidden)]
pub struct StandIn<T>(PhantomData<fn() -> T>);

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
impl<T> IntoReturnValue<StandIn<T>> for T {
    type Error = std::convert::Infallible;

    fn into_return_value(self) -> Result<Option<StandIn<T>>, Self::Error> {
        Ok(None)
    }
}

#[diagnostic::do_not_recommend]
impl<T> IntoReturnValue<StandIn<T>> for Option<T> {
    type Error = std::convert::Infallible;

    fn into_return_value(self) -> Result<Option<StandIn<T>>, Self::Error> {
        Ok(None)
    }
}

#[diagnostic::do_not_recommend]
impl<T, E> IntoReturnValue<StandIn<T>> for Result<T, E> {
    type Error = E;

    fn into_return_value(self) -> Result<Option<StandIn<T>>, E> {
        self.map(|_| None)
    }
}
