//! Which implementations hear an event of a given type: a table that is made once, when the app starts.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Waker;

use crate::dispatch::call_state::CallState;
use crate::dispatch::failure::BoxError;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::return_value::{Flow, ReturnValue};
use crate::dispatch::type_map::TypeMap;
use crate::dispatch::typed_steps::{OfOneType, StepFunctions};
use crate::dispatch::wrapper::{Next, Outcome};
use crate::event::tracked::Tracked;

/// The arguments of a call. A type of its own, so that `'a` can stand in the types of functions.
#[doc(hidden)]
pub struct Input<'a, S: HookSpec>(pub S::Args<'a>);

/// `None` when the wrapper isn't meant for this event.
#[doc(hidden)]
pub type WrapperFuture<'a, S> =
    Pin<Box<dyn Future<Output = Result<Option<Outcome<S>>, BoxError>> + Send + 'a>>;

/// How an implementation of the hook `S` is called. Generated code makes the functions.
#[doc(hidden)]
pub enum Call<S: HookSpec> {
    /// Puts the answer, or the future that will have one, into the call's state.
    Function(Function<S>),
    /// The same for the events of one type.
    OfOneType(&'static dyn OfOneType<S>),
    Wrapper(for<'a> fn(Input<'a, S>, Next<'a, S>) -> WrapperFuture<'a, S>),
    Closure(Box<Closure<S>>),
}

#[doc(hidden)]
pub type Function<S> = for<'s, 'a> fn(&mut CallState<'s, 'a, S>, &Waker) -> Flow;

type Closure<S> =
    dyn for<'a> Fn(<S as HookSpec>::Args<'a>) -> ReturnValue<<S as HookSpec>::Output> + Send + Sync;

/// The implementations of a call, in order: wrappers from the outermost to the innermost, then the others.
#[doc(hidden)]
pub struct Plan<S: HookSpec> {
    pub(crate) wrappers: Box<[Arc<Implementation>]>,
    pub(crate) steps: Box<[Arc<Implementation>]>,
    /// The functions of the steps, close together: most events read nothing else of a step.
    pub(crate) functions: StepFunctions<S>,
    is_empty: bool,
    ready_at_once: bool,
}

impl<S: HookSpec> Plan<S> {
    /// Of these implementations, which are in call order.
    pub(crate) fn new<'i>(implementations: impl IntoIterator<Item = &'i Arc<Implementation>>) -> Self {
        let (wrappers, steps): (Vec<_>, Vec<_>) =
            implementations.into_iter().cloned().partition(|it| it.is_wrapper());
        Self {
            is_empty: wrappers.is_empty() && steps.is_empty(),
            ready_at_once: wrappers.is_empty() && !steps.iter().any(|step| step.is_async()),
            functions: StepFunctions::of(&steps),
            wrappers: wrappers.into(),
            steps: steps.into(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.is_empty
    }

    /// Whether a call needs no future: no step can be pending.
    pub(crate) fn is_ready_at_once(&self) -> bool {
        self.ready_at_once
    }
}

/// The plans of one hook: one for each event type that has typed implementations, one for all the others.
pub(crate) struct Table<S: HookSpec> {
    others: Arc<Plan<S>>,
    by_type: TypeMap<Arc<Plan<S>>>,
}

/// A [`Table`] whose hook's type is forgotten.
pub(crate) type ErasedTable = Box<dyn Any + Send + Sync>;

impl<S: HookSpec> Table<S> {
    pub(crate) fn new(implementations: &[Arc<Implementation>]) -> Self {
        let mut of_all = Vec::new();
        let mut of_types: HashMap<TypeId, Vec<usize>> = HashMap::new();
        for (place, it) in implementations.iter().enumerate() {
            match it.tracked_type() {
                None => of_all.push(place),
                Some(event_type) => of_types.entry(event_type).or_default().push(place),
            }
        }
        let plan =
            |places: &[usize]| Arc::new(Plan::new(places.iter().map(|place| &implementations[*place])));
        let by_type = of_types.into_iter().map(|(event_type, mut places)| {
            places.extend(&of_all);
            places.sort_unstable();
            (event_type, plan(&places))
        });
        Self { by_type: by_type.collect(), others: plan(&of_all) }
    }

    pub(crate) fn erased(implementations: &[Arc<Implementation>]) -> ErasedTable {
        Box::new(Self::new(implementations))
    }

    pub(crate) fn plan(&self, event: Option<&Tracked>) -> &Plan<S> {
        match event {
            Some(event) => self.by_type.get(&event.tracked_type()).unwrap_or(&self.others),
            None => &self.others,
        }
    }

    pub(crate) fn plan_for(&self, event_type: TypeId) -> Arc<Plan<S>> {
        self.by_type.get(&event_type).unwrap_or(&self.others).clone()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use super::*;
    use crate::dispatch::builtin::track_event;
    use crate::dispatch::parameter::filter;
    use event_derive::Event;

    #[derive(Event)]
    struct Banned;

    #[derive(Event)]
    struct Unbanned;

    /// With a plan for each implementation instead of each event, a thousand implementations took a million places.
    #[test]
    fn an_implementation_has_one_place_for_each_event_that_it_hears() {
        let closure = |filter| {
            let closure =
                Implementation::closure::<track_event>(Location::caller(), Some(filter), |_| Ok(None));
            Arc::new(closure)
        };
        let bans: Vec<_> = (0..9).map(|_| closure(filter::<Banned>())).collect();
        let unbans: Vec<_> = (0..9).map(|_| closure(filter::<Unbanned>())).collect();
        let all: Vec<_> = bans.iter().chain(&unbans).cloned().collect();
        let table = Table::<track_event>::new(&all);
        for (event, own) in [(filter::<Banned>(), &bans), (filter::<Unbanned>(), &unbans)] {
            let plan = table.plan_for(event.tracked_type);
            assert!(plan.steps.iter().map(Arc::as_ptr).eq(own.iter().map(Arc::as_ptr)));
        }
        drop(all);
        assert!(bans.iter().chain(&unbans).all(|it| Arc::strong_count(it) == 2), "here and in its plan");
    }
}
