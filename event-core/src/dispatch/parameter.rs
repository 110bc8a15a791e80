//! The parameter types of implementations: as which types a hook's argument can be taken.

use std::any::TypeId;
use std::convert::Infallible;
use std::marker::PhantomData;

use crate::dispatch::hook::HookSpec;
use crate::dispatch::implementation::{Filter, Filtered};
use crate::dispatch::typed_steps::CallFor;
use crate::dispatch::wrapper::Next;
use crate::event::event_type::Event;
use crate::event::tracked::{AnyTracked, Tracked, TrackedOf};

/// An argument that a hook gives as `Self` can be taken as a `P`: as it is, or as the event that is in it.
///
/// The bound is on the argument and not on the parameter, since the compiler would otherwise propose to borrow
/// instead of showing these words.
#[diagnostic::on_unimplemented(
    message = "this argument of the hook can't be taken as `{P}`",
    label = "the hook gives `{Self}`",
    note = "take the argument by the type that the hook gives",
    note = "where that is `&Tracked`, `&Tracked<E>` and `&E` also do, and where it is `&Tracked<E>`, `&E`; `E` needs \
            `#[derive(Event)]`",
    note = "`&Tracked` is short for `&dyn AnyTracked`, and `&Tracked<E>` for `&TrackedOf<E>`"
)]
pub trait Fills<P>: Sized {
    /// `None` if this implementation doesn't hear the event.
    #[doc(hidden)]
    fn fill(self) -> Option<P>;
}

impl<A: HookArgument> Fills<A> for A {
    fn fill(self) -> Option<A> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, S: HookSpec> Fills<Next<'a, S>> for Next<'a, S> {
    fn fill(self) -> Option<Next<'a, S>> {
        Some(self)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E: Event> Fills<&'a E> for &'a dyn AnyTracked {
    fn fill(self) -> Option<&'a E> {
        self.downcast_ref()
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E: Event> Fills<&'a TrackedOf<E>> for &'a dyn AnyTracked {
    fn fill(self) -> Option<&'a TrackedOf<E>> {
        self.as_tracked()
    }
}

#[diagnostic::do_not_recommend]
impl<'a, E: Event> Fills<&'a E> for &'a TrackedOf<E> {
    fn fill(self) -> Option<&'a E> {
        Some(self)
    }
}

/// There is no such parameter. But without a second candidate for every argument, the compiler would conclude from the
/// argument what the parameter must be, and report mismatched types in generated code.
#[doc(hidden)]
pub struct NoParameter<A>(Infallible, PhantomData<A>);

#[diagnostic::do_not_recommend]
impl<A: HookArgument> Fills<NoParameter<A>> for A {
    fn fill(self) -> Option<NoParameter<A>> {
        None
    }
}

#[diagnostic::do_not_recommend]
impl<'a, S: HookSpec> Fills<NoParameter<Next<'a, S>>> for Next<'a, S> {
    fn fill(self) -> Option<NoParameter<Next<'a, S>>> {
        None
    }
}

/// Finds the events that a parameter's type lets through, how `C` is called for them, and the event of a hook's argument.
///
/// The inherent items below are found before those of [`NoFilter`] and [`NoEvent`] where their bounds hold:
/// generated code can ask any type, without knowing more than its tokens.
#[doc(hidden)]
pub struct Probe<P: ?Sized, C = ()>(PhantomData<C>, P);

impl<E: Event, C: CallFor<E>> Probe<&'static E, C> {
    pub const FILTER: Option<Filtered> = Some((filter::<E>(), C::CALL));
}

impl<E: Event, C: CallFor<E>> Probe<&'static TrackedOf<E>, C> {
    pub const FILTER: Option<Filtered> = Some((filter::<E>(), C::CALL));
}

/// What a closure for [`AppBuilder::on`](crate::AppBuilder::on) can hear.
#[diagnostic::on_unimplemented(
    message = "a closure can't hear a `&{Self}`",
    label = "not an event",
    note = "take `|event: &Tracked|` for every event, `|event: &Tracked<E>|` or `|event: &E|` for events of type `E`; \
            `E` needs `#[derive(Event)]`"
)]
pub trait Hearable: 'static {
    #[doc(hidden)]
    const FILTER: Option<Filter>;

    #[doc(hidden)]
    fn of(event: &Tracked) -> Option<&Self>;
}

#[diagnostic::do_not_recommend]
impl Hearable for dyn AnyTracked {
    const FILTER: Option<Filter> = None;

    fn of(event: &Tracked) -> Option<&Self> {
        Some(event)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event> Hearable for TrackedOf<E> {
    const FILTER: Option<Filter> = Some(filter::<E>());

    fn of(event: &Tracked) -> Option<&Self> {
        event.as_tracked()
    }
}

#[diagnostic::do_not_recommend]
impl<E: Event> Hearable for E {
    const FILTER: Option<Filter> = Some(filter::<E>());

    fn of(event: &Tracked) -> Option<&Self> {
        event.downcast_ref()
    }
}

pub(crate) const fn filter<E: Event>() -> Filter {
    Filter { tracked_type: TypeId::of::<TrackedOf<E>>(), rust_type: std::any::type_name::<E> }
}

#[doc(hidden)]
pub trait NoFilter {
    const FILTER: Option<Filtered> = None;
}

impl<P: ?Sized, C> NoFilter for Probe<P, C> {}

impl<P> Probe<P> {
    pub fn new(value: P) -> Self {
        Self(PhantomData, value)
    }

    pub(crate) fn into_inner(self) -> P {
        self.1
    }
}

impl Probe<&'static Tracked> {
    pub const IS_EVENT: bool = true;
}

impl<'a> Probe<&'a Tracked> {
    pub fn event(self) -> Option<&'a Tracked> {
        Some(self.1)
    }

    pub fn replaced_by(self, event: &'a Tracked) -> Option<&'a Tracked> {
        Some(event)
    }
}

#[doc(hidden)]
pub trait NoEvent<'a>: Sized {
    type Argument;

    const IS_EVENT: bool = false;

    fn event(self) -> Option<&'a Tracked> {
        None
    }

    fn replaced_by(self, _: &'a Tracked) -> Option<Self::Argument> {
        None
    }
}

impl<P> NoEvent<'_> for Probe<P> {
    type Argument = P;
}

/// What the arguments of a hook must be, beside its app: something small that every implementation gets anew.
#[diagnostic::on_unimplemented(
    message = "a hook can't have an argument of type `{Self}`",
    label = "every implementation gets the arguments anew, so they must be `Copy`, `Send` and `Sync`",
    note = "take a reference, such as `&str` for `String`, `&Order` for `Order`, `Option<&Order>` for `Option<Order>`",
    note = "what is behind a reference is shared between threads: write `&(dyn Fn() + Sync)` for `&dyn Fn()`, and \
            `&Mutex<u8>` for `&RefCell<u8>`"
)]
pub trait HookArgument: Copy + Send + Sync {}

#[diagnostic::do_not_recommend]
impl<A: Copy + Send + Sync> HookArgument for A {}
