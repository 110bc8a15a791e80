//! A wrapper's view: the rest of the call, and its outcome.

use std::any::Any;
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::dispatch::builtin::track_event;
use crate::dispatch::execute;
use crate::dispatch::failure::Failure;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::plan::Plan;

/// The values and the failures of a hook's implementations, each in call order.
///
/// Calling a collecting hook resolves to one, and a wrapper returns one.
#[derive(Debug)]
pub struct Outcome<S: HookSpec = track_event> {
    /// The results. An implementation that returned `None` has none here; a `firstresult` hook has at most one.
    pub values: Vec<S::Output>,
    /// The implementations that failed.
    pub failures: Vec<Failure>,
}

impl<S: HookSpec> Default for Outcome<S> {
    fn default() -> Self {
        Self { values: Vec::new(), failures: Vec::new() }
    }
}

/// The rest of the call that a wrapper is around: inner wrappers, then the implementations.
///
/// `next.run().await` runs it. A wrapper that returns without doing so stops the call here, and the
/// [`Receipt`](crate::Receipt) names it.
///
/// ```
/// use event_core::prelude::*;
///
/// /// Lets nothing through while the service is read-only.
/// #[hookimpl(track_event, wrapper)]
/// async fn read_only(event: &Tracked, next: Next<'_>) -> Outcome {
///     if event.name().starts_with("read-") { next.run().await } else { Outcome::default() }
/// }
/// ```
pub struct Next<'a, S: HookSpec = track_event> {
    pub(crate) plan: &'a Plan<S>,
    /// How many wrappers are further out than what `run` starts with.
    pub(crate) depth: usize,
    pub(crate) args: S::Args<'a>,
    pub(crate) seen: &'a Seen,
    pub(crate) stopped_by: &'a StoppedBy,
}

impl<S: HookSpec> Next<'_, S> {
    /// Runs the rest of the call, and gives its values and failures.
    pub async fn run(self) -> Outcome<S> {
        self.seen.ran.store(true, Ordering::Relaxed);
        let outcome = execute::call_wrappers(self.plan, self.depth, self.args, self.stopped_by).await;
        self.seen.remember(&outcome.failures);
        outcome
    }
}

impl<S: HookSpec> std::fmt::Debug for Next<'_, S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Next").field("hook", &S::INFO.name()).finish_non_exhaustive()
    }
}

/// The outcome of the rest of the call while a wrapper holds it: the framework keeps a copy of the failures, in case the
/// wrapper fails or is dropped.
#[derive(Default)]
pub(crate) struct Seen {
    ran: AtomicBool,
    failures: Mutex<Vec<Failure>>,
}

impl Seen {
    pub(crate) fn ran(&self) -> bool {
        self.ran.load(Ordering::Relaxed)
    }

    fn remember(&self, failures: &[Failure]) {
        if !failures.is_empty() {
            *self.failures.lock().unwrap_or_else(PoisonError::into_inner) = failures.to_vec();
        }
    }

    pub(crate) fn take(&self) -> Vec<Failure> {
        std::mem::take(&mut *self.failures.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The outermost wrapper that didn't let the call through.
#[derive(Default)]
pub(crate) struct StoppedBy(Mutex<Option<Arc<Implementation>>>);

impl StoppedBy {
    pub(crate) fn set(&self, wrapper: &Arc<Implementation>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(wrapper.clone());
    }

    pub(crate) fn take(&self) -> Option<Arc<Implementation>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The outcome of a wrapper that names its hook neither in its `next` nor in its outcome: one mistake, reported at `next`.
/// So the outcome of any hook will do here.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a wrapper can't return `{Self}`",
    label = "not an outcome of this hook",
    note = "return `Outcome` or `Result<Outcome, E>`; for another hook than `track_event`, `Outcome<that_hook>`"
)]
pub trait AnyOutcome<S: HookSpec> {
    type Error;

    fn into_outcome(self) -> Result<Outcome<S>, Self::Error>;
}

#[diagnostic::do_not_recommend]
impl<S: HookSpec, T: HookSpec> AnyOutcome<S> for Outcome<T> {
    type Error = Infallible;

    fn into_outcome(self) -> Result<Outcome<S>, Infallible> {
        let mut outcome = Some(self);
        let same = (&mut outcome as &mut dyn Any).downcast_mut::<Option<Outcome<S>>>();
        Ok(same.and_then(Option::take).expect("its `next` doesn't compile for another hook"))
    }
}

#[diagnostic::do_not_recommend]
impl<S: HookSpec, T: HookSpec, E> AnyOutcome<S> for Result<Outcome<T>, E> {
    type Error = E;

    fn into_outcome(self) -> Result<Outcome<S>, E> {
        self.map(|outcome| {
            let Ok(outcome) = AnyOutcome::into_outcome(outcome);
            outcome
        })
    }
}

/// What a wrapper may return: an [`Outcome`], or a `Result` of one.
#[diagnostic::on_unimplemented(
    message = "a wrapper can't return `{Self}`",
    label = "not an outcome of this hook",
    note = "return `Outcome` or `Result<Outcome, E>`; for another hook than `track_event`, `Outcome<that_hook>`"
)]
pub trait IntoOutcome<S: HookSpec> {
    /// Its error; see [`IntoReturnValue::Error`](crate::dispatch::return_value::IntoReturnValue::Error).
    #[doc(hidden)]
    type Error;

    #[doc(hidden)]
    fn into_outcome(self) -> Result<Outcome<S>, Self::Error>;
}

impl<S: HookSpec> IntoOutcome<S> for Outcome<S> {
    type Error = Infallible;

    fn into_outcome(self) -> Result<Outcome<S>, Infallible> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<S: HookSpec, E> IntoOutcome<S> for Result<Outcome<S>, E> {
    type Error = E;

    fn into_outcome(self) -> Result<Outcome<S>, E> {
        self
    }
}
