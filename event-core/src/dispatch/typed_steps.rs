//! The functions that an event meets, ready to be called one after the other.
//!
//! Where some of them hear one type of event only, they stand in a list that is made for that type: its event is
//! [asked for its type](crate::plugin::AnyTracked) once, and not by each of them.

use std::any::Any;
use std::task::Waker;

use crate::dispatch::call_state::Progress;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::implementation::{DynCall, MakeCall};
use crate::dispatch::plan::{Call, Function, Input, Step};
use crate::dispatch::return_value::{Answers, Flow};
use crate::event::event_type::Event;
use crate::event::tracked::TrackedOf;

/// Those of one plan.
pub(crate) enum Functions<S: HookSpec> {
    /// None of them hears one type of event only.
    OfAll(Box<[Function<S>]>),
    OfOneType(Box<dyn List<S>>),
}

impl<S: HookSpec> Functions<S> {
    pub(crate) fn of(steps: &[Step<S>]) -> Self {
        let typed = steps.iter().find_map(|step| match step.call {
            Call::OfOneType(function) => Some(function),
            _ => None,
        });
        match typed {
            Some(typed) => Self::OfOneType(typed.list(steps)),
            None => Self::OfAll(steps.iter().map(function).collect()),
        }
    }

    /// Calls them from where the call is, up to the end or to the first after which more has to be done.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a frame more costs a tenth of what an event may cost")]
    pub(crate) fn run(&self, progress: &mut Progress<'_, '_, S>, waker: &Waker) -> Option<Flow> {
        match self {
            Self::OfAll(functions) => {
                run(functions, progress, waker, |function, progress, waker| function(progress, waker))
            }
            Self::OfOneType(list) => list.run(progress, waker),
        }
    }

    /// Calls the one at `index`.
    pub(crate) fn call(&self, index: usize, progress: &mut Progress<'_, '_, S>, waker: &Waker) -> Flow {
        match self {
            Self::OfAll(functions) => functions[index](progress, waker),
            Self::OfOneType(list) => list.call(index, progress, waker),
        }
    }
}

fn function<S: HookSpec>(step: &Step<S>) -> Function<S> {
    match step.call {
        Call::Function(function) => function,
        // A plain function can't carry the closure along, so it sends the caller there.
        Call::Closure(_) => |_, _| Flow::Closure,
        Call::OfOneType(_) => unreachable!("it is in a list of its type"),
        Call::Wrapper(_) => unreachable!("a wrapper is no step"),
    }
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn run<'s, 'a, S: HookSpec, F>(
    functions: &[F],
    progress: &mut Progress<'s, 'a, S>,
    waker: &Waker,
    call: impl Fn(&F, &mut Progress<'s, 'a, S>, &Waker) -> Flow,
) -> Option<Flow> {
    let mut next = progress.next;
    for function in functions.iter().skip(next) {
        next += 1;
        // Whoever panics is the last that was taken.
        progress.next = next;
        let flow = call(function, progress, waker);
        if !flow.goes_on() {
            return Some(flow);
        }
    }
    None
}

/// What the events of one type meet: the functions that hear only them, and among those the ones that hear all.
pub(crate) trait List<S: HookSpec>: Send + Sync {
    fn run(&self, progress: &mut Progress<'_, '_, S>, waker: &Waker) -> Option<Flow>;

    fn call(&self, index: usize, progress: &mut Progress<'_, '_, S>, waker: &Waker) -> Flow;
}

enum Either<S: HookSpec, E> {
    OfOneType(FunctionOf<S, E>),
    OfAll(Function<S>),
}

type FunctionOf<S, E> = for<'s, 'a> fn(&mut Progress<'s, 'a, S>, &Waker, &'a TrackedOf<E>) -> Flow;

impl<S: HookSpec, E: Event> Either<S, E> {
    #[inline]
    fn call<'a>(&self, progress: &mut Progress<'_, 'a, S>, waker: &Waker, event: &'a TrackedOf<E>) -> Flow {
        match self {
            Self::OfOneType(function) => function(progress, waker, event),
            Self::OfAll(function) => function(progress, waker),
        }
    }
}

impl<S: HookSpec, E: Event> List<S> for Box<[Either<S, E>]> {
    fn run(&self, progress: &mut Progress<'_, '_, S>, waker: &Waker) -> Option<Flow> {
        let event = event(progress);
        run(self, progress, waker, |function, progress, waker| function.call(progress, waker, event))
    }

    fn call(&self, index: usize, progress: &mut Progress<'_, '_, S>, waker: &Waker) -> Flow {
        self[index].call(progress, waker, event(progress))
    }
}

#[inline]
fn event<'a, S: HookSpec, E: Event>(progress: &Progress<'_, 'a, S>) -> &'a TrackedOf<E> {
    let event = S::event(progress.args).and_then(|event| event.as_tracked());
    event.expect("a list is looked up by its event's type")
}

/// A function that hears the events of one type only, whichever that is.
#[doc(hidden)]
pub trait OfOneType<S: HookSpec>: Any + Send + Sync {
    /// The list for events of its type.
    #[expect(private_interfaces, reason = "nobody else makes one")]
    fn list(&self, steps: &[Step<S>]) -> Box<dyn List<S>>;
}

struct Of<S: HookSpec, E>(FunctionOf<S, E>);

impl<S: HookSpec, E: Event> OfOneType<S> for Of<S, E> {
    fn list(&self, steps: &[Step<S>]) -> Box<dyn List<S>> {
        let functions = steps.iter().map(|step| match step.call {
            Call::OfOneType(function) => {
                let function: Option<&Self> = (function as &dyn Any).downcast_ref();
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
pub trait Body {
    type Hook: HookSpec;

    fn call<'a>(
        input: Input<'a, Self::Hook>,
        answers: &mut Answers<'_, 'a, Self::Hook>,
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
#[doc(hidden)]
pub fn call_for_all<B: Body>() -> DynCall {
    const { &Call::<B::Hook>::Function(of_all::<B>) }
}

fn of_all<B: Body>(progress: &mut Progress<'_, '_, B::Hook>, waker: &Waker) -> Flow {
    B::call(Input(progress.args), &mut progress.answers, waker)
}

/// The compiler knows the event's type here, and so what the body finds when it looks for it.
fn of_one_type<'a, B: Body, E: Event>(
    progress: &mut Progress<'_, 'a, B::Hook>,
    waker: &Waker,
    event: &'a TrackedOf<E>,
) -> Flow {
    B::call(Input(B::Hook::with_event(progress.args, event)), &mut progress.answers, waker)
}

/// As a wrapper, which is in no list.
#[doc(hidden)]
pub struct AsWrapper;

impl<E> CallFor<E> for AsWrapper {
    const CALL: Option<MakeCall> = None;
}
