//! What keeps an event from being `Send` and `Sync`, reported once, at the field.
//!
//! `Event` requires both, so the compiler would report a type that has neither twice, at the struct and without a remedy.
//! Instead, the derive asks about each field that may not have them, in a constant; see [`shared_field`]. An `impl` that
//! depends on [`SharedIf`] of that constant is taken as it stands if the constant has an error: the compiler
//! reports nothing that follows from an error that it has reported.

use std::marker::PhantomData;

use serde::Serialize;

use crate::event::json::Writer;

/// Holds for what is `Send` and `Sync`.
///
/// The lifetime makes the compiler believe it where it is a condition of an `impl`, instead of reporting it there.
#[doc(hidden)]
pub trait SharedIf<'a, const ASKED: bool>: Send + Sync {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync> SharedIf<'_, true> for T {}

// With a second candidate the error in a constant makes it undecided which of them holds. With one, that one's conditions
// would be reported.
#[diagnostic::do_not_recommend]
impl<T: Send + Sync> SharedIf<'_, false> for T {}

/// Asks a type whether it is `Send` and `Sync`. The inherent constant is found before that of [`NotShared`] where its
/// bounds hold.
#[doc(hidden)]
pub struct Shared<T: ?Sized>(PhantomData<T>);

impl<T: Send + Sync + ?Sized> Shared<T> {
    pub const IS_SHARED: bool = true;
}

#[doc(hidden)]
pub trait NotShared {
    const IS_SHARED: bool = false;
}

impl<T: ?Sized> NotShared for Shared<T> {}

/// Doesn't compile for a field that isn't shared. The message says what to write.
#[doc(hidden)]
#[track_caller]
pub const fn shared_field(is_shared: bool, message: &str) -> bool {
    if is_shared {
        return true;
    }
    panic!("{}", message)
}

/// Writes a field that is shared; one that isn't has been reported, whether it could be written or not.
#[diagnostic::on_unimplemented(
    message = "the trait bound `{Self}: serde::Serialize` is not satisfied",
    label = "can't be written as JSON",
    note = "add `#[derive(serde::Serialize)]` to the type, or leave the field out with `#[serde(skip)]`"
)]
#[doc(hidden)]
pub trait WriteIf<const SHARED: bool> {
    fn write(&self, key: &'static str, properties: &mut Writer<'_>);
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> WriteIf<true> for T {
    #[inline]
    fn write(&self, key: &'static str, properties: &mut Writer<'_>) {
        properties.field(key, self);
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> WriteIf<false> for T {
    fn write(&self, _: &'static str, _: &mut Writer<'_>) {}
}
