//! The functions of a plan, ready to be called one after the other.
//!
//! Functions that hear one event type only stand in a list that is made for that type: its event is
//! [asked for its type](crate::plugin::AnyTracked) once, and not by each of them. Without such lists one typed implementation
//! costs 265 instead of 293 instructions, but each further one 38 instead of 21, where the target is 30. 16 cost 835 instead
//! of 608, and 64 cost 2,659 instead of 1,616.

use std::any::Any;
use std::sync::Arc;
use std::task::Waker;

use crate::dispatch::call_state::CallState;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::implementation::{DynCall, HookImpl, Implementation, MakeCall};
use crate::dispatch::plan::{Call, Function, Input};
use crate::dispatch::return_value::{Flow, ReturnValues};
use crate::event::event_type::Event;
use crate::event::tracked::TrackedOf;

/// Those of one plan.
pub(crate) enum StepFunctions<S: HookSpec> {
    /// None of them hears one type of event only.
    OfAll(Box<[Function<S>]>),
    OfOneType(Box<dyn List<S>>),
}

impl<S: HookSpec> StepFunctions<S> {
    pub(crate) fn of(steps: &[Arc<Implementation>]) -> Self {
        let typed = steps.iter().find_map(|step| match step.call::<S>() {
            Call::OfOneType(function) => Some(*function),
            _ => None,
        });
        match typed {
            Some(typed) => Self::OfOneType(typed.list(steps)),
            None => Self::OfAll(steps.iter().map(|step| function(step)).collect()),
        }
    }

    /// Calls the functions from the call's position, up to the end or to the first that interrupts the loop.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a frame more costs a tenth of what an event may cost")]
    pub(crate) fn call_from_next(&self, state: &mut CallState<'_, '_, S>, waker: &Waker) -> Option<Flow> {
        match self {
            Self::OfAll(functions) => {
                call_in_turn(functions, state, waker, |function, state, waker| function(state, waker))
            }
            Self::OfOneType(list) => list.call_from_next(state, waker),
        }
    }

    /// Calls the one at `index`.
    pub(crate) fn call(&self, index: usize, state: &mut CallState<'_, '_, S>, waker: &Waker) -> Flow {
        match self {
            Self::OfAll(functions) => functions[index](state, waker),
            Self::OfOneType(list) => list.call(index, state, waker),
        }
    }
}

fn function<S: HookSpec>(step: &Implementation) -> Function<S> {
    match step.call() {
        Call::Function(function) => *function,
        // A plain function can't carry the closure along, so it sends the caller there.
        Call::Closure(_) => |_, _| Flow::Closure,
        Call::OfOneType(_) => unreachable!("it is in a list of its type"),
        Call::Wrapper(_) => unreachable!("a wrapper is no step"),
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn call_in_turn<'s, 'a, S: HookSpec, F>(
    functions: &[F],
    state: &mut CallState<'s, 'a, S>,
    waker: &Waker,
    call: impl Fn(&F, &mut CallState<'s, 'a, S>, &Waker) -> Flow,
) -> Option<Flow> {
    let mut next = state.next;
    for function in functions.iter().skip(next) {
        next += 1;
        // If a step panics, it is the last that was taken.
        state.next = next;
        let flow = call(function, state, waker);
        if !flow.goes_on() {
            return Some(flow);
        }
    }
    None
}

/// The functions for events of one type: those that hear this type, and those that hear all, in call order.
pub(crate) trait List<S: HookSpec>: Send + Sync {
    fn call_from_next(&self, state: &mut CallState<'_, '_, S>, waker: &Waker) -> Option<Flow>;

    fn call(&self, index: usize, state: &mut CallState<'_, '_, S>, waker: &Waker) -> Flow;
}

enum Either<S: HookSpec, E> {
    OfOneType(FunctionOf<S, E>),
    OfAll(Function<S>),
}

type FunctionOf<S, E> = for<'s, 'a> fn(&mut CallState<'s, 'a, S>, &Waker, &'a TrackedOf<E>) -> Flow;

impl<S: HookSpec, E: Event> Either<S, E> {
    #[inline]
    fn call<'a>(&self, state: &mut CallState<'_, 'a, S>, waker: &Waker, event: &'a TrackedOf<E>) -> Flow {
        match self {
            Self::OfOneType(function) => function(state, waker, event),
            Self::OfAll(function) => function(state, waker),
        }
    }
}

impl<S: HookSpec, E: Event> List<S> for Box<[Either<S, E>]> {
    fn call_from_next(&self, state: &mut CallState<'_, '_, S>, waker: &Waker) -> Option<Flow> {
        let event = event(state);
        call_in_turn(self, state, waker, |function, state, waker| function.call(state, waker, event))
    }

    fn call(&self, index: usize, state: &mut CallState<'_, '_, S>, waker: &Waker) -> Flow {
        self[index].call(state, waker, event(state))
    }
}

#[inline]
fn event<'a, S: HookSpec, E: Event>(state: &CallState<'_, 'a, S>) -> &'a TrackedOf<E> {
    let event = S::event(state.args).and_then(|event| event.as_tracked());
    event.expect("a list is looked up by its event's type")
}

/// A function that hears the events of one type only, whichever that is.
#[doc(hidden)]
pub trait OfOneType<S: HookSpec>: Any + Send + Sync {
    /// The list for events of its type.
    #[expect(private_interfaces, reason = "only this crate makes one")]
    fn list(&self, steps: &[Arc<Implementation>]) -> Box<dyn List<S>>;
}

struct Of<S: HookSpec, E>(FunctionOf<S, E>);

impl<S: HookSpec, E: Event> OfOneType<S> for Of<S, E> {
    fn list(&self, steps: &[Arc<Implementation>]) -> Box<dyn List<S>> {
        let functions = steps.iter().map(|step| match step.call::<S>() {
            Call::OfOneType(function) => {
                let function: Option<&Self> = (*function as &dyn Any).downcast_ref();
                Either::OfOneType(function.expect("a plan is for one type of event").0)
            }
            _ => Either::OfAll(function(step)),
        });
        Box::new(functions.collect::<Box<[_]>>())
    }
}

/// What `#[hookimpl]` made of a function that is no wrapper: takes the arguments apart, and puts the answer, or the
/// future that will have one, where it is given.
#[doc(hidden)]
pub trait Body: Sized {
    type Hook: HookSpec;

    const DECLARED: HookImpl;

    fn call<'a>(
        input: Input<'a, Self::Hook>,
        returned: &mut ReturnValues<'_, 'a, Self::Hook>,
        waker: &Waker,
    ) -> Flow;
}

/// How an implementation is called whose parameter asks for an `E`.
#[doc(hidden)]
pub trait CallFor<E> {
    const CALL: Option<MakeCall>;
}

impl<B: Body, E: Event> CallFor<E> for B {
    const CALL: Option<MakeCall> = Some(call_for_one_type::<B, E>);
}

fn call_for_one_type<B: Body, E: Event>() -> DynCall {
    const { &Call::<B::Hook>::OfOneType(&Of(of_one_type::<B, E>)) }
}

/// How an implementation is called that hears every event, or whose hook has none.
pub(crate) fn call_for_all<B: Body>() -> DynCall {
    const { &Call::<B::Hook>::Function(of_all::<B>) }
}

fn of_all<B: Body>(state: &mut CallState<'_, '_, B::Hook>, waker: &Waker) -> Flow {
    B::call(Input(state.args), &mut state.returned, waker)
}

/// The compiler knows the event's type here, and so what the body finds when it looks for it.
fn of_one_type<'a, B: Body, E: Event>(
    state: &mut CallState<'_, 'a, B::Hook>,
    waker: &Waker,
    event: &'a TrackedOf<E>,
) -> Flow {
    B::call(Input(B::Hook::with_event(state.args, event)), &mut state.returned, waker)
}

/// In no list: a wrapper, or a function that takes several events.
#[doc(hidden)]
pub struct Unlisted;

impl<E> CallFor<E> for Unlisted {
    const CALL: Option<MakeCall> = None;
}
