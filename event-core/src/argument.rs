//! What an implementation may take: which parameter types a hook's argument can be given as.

use std::any::TypeId;

use crate::event::Event;
use crate::implementation::Filter;
use crate::tracked::{AnyTracked, Tracked, TrackedOf};

/// A parameter of type `Self` can be filled from a hook's argument of type `A`: with the argument itself, or with
/// the event that is in it.
#[diagnostic::on_unimplemented(
    message = "this argument of the hook can't be taken as `{Self}`",
    label = "the hook gives `{A}`",
    note = "take the argument by the type that the hook gives; where that is `&Tracked`, an event type `E` also \
            does, as `&E` or `&Tracked<E>`"
)]
pub trait FromArgument<A>: Sized {
    /// `None` means that this implementation isn't meant.
    #[doc(hidden)]
    fn from_argument(argument: A) -> Option<Self>;
}

impl<A> FromArgument<A> for A {
    fn from_argument(argument: A) -> Option<Self> {
        Some(argument)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E: Event> FromArgument<&'a dyn AnyTracked> for &'a E {
    fn from_argument(event: &'a dyn AnyTracked) -> Option<Self> {
        event.downcast_ref()
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E: Event> FromArgument<&'a dyn AnyTracked> for &'a TrackedOf<E> {
    fn from_argument(event: &'a dyn AnyTracked) -> Option<Self> {
        event.as_tracked()
    }
}

/// An argument on its way into a parameter. Generated code writes `argument.taken()`, with the two tokens spanned
/// at the first and last token of the parameter's type, so that an error underlines that type.
#[doc(hidden)]
pub struct Argument<A>(pub A);

impl<A> Argument<A> {
    pub fn taken<P: FromArgument<A>>(self) -> Option<P> {
        P::from_argument(self.0)
    }
}

/// Asks a parameter's type for the events it lets through, and a hook's argument for its event.
///
/// The inherent items below are found before those of [`NoFilter`] and [`NoEvent`] where their bounds hold:
/// generated code can ask any type, without knowing more than its tokens.
#[doc(hidden)]
pub struct Probe<P>(P);

impl<E: Event> Probe<&'static E> {
    pub const FILTER: Option<Filter> = Some(filter::<E>());
}

impl<E: Event> Probe<&'static TrackedOf<E>> {
    pub const FILTER: Option<Filter> = Some(filter::<E>());
}

pub(crate) const fn filter<E: Event>() -> Filter {
    Filter { kind: TypeId::of::<TrackedOf<E>>(), rust_type: std::any::type_name::<E> }
}

#[doc(hidden)]
pub trait NoFilter {
    const FILTER: Option<Filter> = None;
}

impl<P> NoFilter for Probe<P> {}

impl<P> Probe<P> {
    pub fn new(value: P) -> Self {
        Self(value)
    }
}

impl Probe<&'static Tracked> {
    pub const IS_EVENT: bool = true;
}

impl<'a> Probe<&'a Tracked> {
    pub fn event(self) -> Option<&'a Tracked> {
        Some(self.0)
    }
}

#[doc(hidden)]
pub trait NoEvent<'a>: Sized {
    const IS_EVENT: bool = false;

    fn event(self) -> Option<&'a Tracked> {
        None
    }
}

impl<P> NoEvent<'_> for Probe<P> {}

/// What the arguments of a hook must be, beside its app: something small that every implementation gets anew.
#[diagnostic::on_unimplemented(
    message = "a hook can't have an argument of type `{Self}`",
    label = "every implementation gets the arguments anew, so they must be `Copy`, `Send` and `Sync`",
    note = "take a reference, such as `&str` for `String` or `&Order` for `Order`"
)]
pub trait HookArgument: Copy + Send + Sync {}

#[diagnostic::do_not_recommend]
impl<A: Copy + Send + Sync> HookArgument for A {}

#[doc(hidden)]
pub const fn hook_argument<A: HookArgument>() {}
