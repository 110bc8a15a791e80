//! How a call runs through its plan.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::dispatch::blocking;
use crate::dispatch::call_depth;
use crate::dispatch::call_state::{CallState, Resume};
use crate::dispatch::error::Result;
use crate::dispatch::failure::{BoxError, Failure};
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::App;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::in_flight::Running;
use crate::dispatch::observe::{CallEnd, CallObserver, spans};
use crate::dispatch::pending::{self, WaitPlace, What, WouldBlock};
use crate::dispatch::plan::{Call, Input, Plan};
use crate::dispatch::reentrancy::{Inside, Nesting};
use crate::dispatch::return_value::{Slot, Values};
use crate::dispatch::wrapper::{Next, Outcome, Seen, StoppedBy};
use crate::event::durability::Durability;
use crate::event::foreign::{self, Guarded, Panic};
use crate::event::tracked::Tracked;

/// The result of a call.
pub(crate) struct Ran<S: HookSpec> {
    pub(crate) values: S::Values,
    pub(crate) notable: Option<Box<Notable>>,
}

/// Parts that few calls have; in a box, so that the others stay small.
#[derive(Debug, Default)]
pub(crate) struct Notable {
    pub(crate) failures: Vec<Failure>,
    /// The error of the last implementation, until it becomes a [`Failure`].
    pub(crate) cause: Option<BoxError>,
    /// The wrapper that stopped the call.
    pub(crate) stopped_by: Option<Arc<Implementation>>,
}

impl<S: HookSpec> Ran<S> {
    pub(crate) fn outcome(self) -> Outcome<S> {
        let failures = self.notable.map(|notable| notable.failures);
        Outcome { values: self.values.into_vec(), failures: failures.unwrap_or_default() }
    }
}

/// Runs a call on this thread, and blocks while an implementation is pending.
///
/// # Errors
/// [`Error::ShutDown`](crate::Error::ShutDown), [`Error::ShutdownDropped`](crate::Error::ShutdownDropped);
/// [`Error::WouldBlock`](crate::Error::WouldBlock) inside an implementation, when there is something to wait for.
pub(crate) fn block_on_call<'a, S: HookSpec>(
    app: &App,
    plan: &'a Plan<S>,
    args: S::Args<'a>,
    place: WaitPlace,
) -> Result<Ran<S>> {
    let entered = EnteredCall::new(app)?;
    let slot = pin!(None);
    if entered.is_simple(plan) {
        block_on_plain_call(plan, args, slot, Nesting::Outermost, place)
    } else {
        entered.block_on_call(plan, args, slot, place)
    }
}

/// This thread is in the middle of a call, which the app's shutdown waits for.
pub(crate) struct EnteredCall<'a> {
    app: &'a App,
    // Dropped in this order.
    _running: Running<'a>,
    inside: Inside,
}

impl<'a> EnteredCall<'a> {
    #[inline]
    pub(crate) fn new(app: &'a App) -> Result<Self> {
        let inside = Inside::enter(&app.inner);
        Ok(Self { app, _running: app.inner.gate.enter(inside.caller())?, inside })
    }

    pub(crate) fn app(&self) -> &'a App {
        self.app
    }

    /// Whether the call is [plain](block_on_plain_call) and not within another one. Most are, and the check is cheap.
    #[inline]
    pub(crate) fn is_simple<S: HookSpec>(&self, plan: &Plan<S>) -> bool {
        plan.wrappers.is_empty()
            && !self.app.inner.is_always_observed()
            && self.inside.nesting() == Nesting::Outermost
            && !spans::may_be_heard()
    }

    /// Runs any call.
    #[inline(never)]
    pub(crate) fn block_on_call<'c, S: HookSpec>(
        &self,
        plan: &'c Plan<S>,
        args: S::Args<'c>,
        slot: Slot<'_, 'c, S::Output>,
        place: WaitPlace,
    ) -> Result<Ran<S>> {
        let nesting = self.inside.nesting();
        let _counted = self.inside.count();
        if plan.wrappers.is_empty() && !self.app.inner.is_observed() {
            return block_on_plain_call(plan, args, slot, nesting, place);
        }
        call_depth::check::<S>(args)?;
        if !plan.wrappers.is_empty() {
            let mut call = pin!(execute_call(plan, args));
            return blocking::park_between_polls(nesting, place, |context| call.as_mut().poll(context));
        }
        let mut unfinished = Unfinished::new(plan, args, slot);
        blocking::park_between_polls(nesting, place, |context| unfinished.poll(context))?;
        Ok(unfinished.finish())
    }
}

/// Runs a plain call: one without a wrapper or an observer. Its steps are usually ready at once; the first pending one moves it
/// to the slower way.
#[inline]
pub(crate) fn block_on_plain_call<'a, S: HookSpec>(
    plan: &'a Plan<S>,
    args: S::Args<'a>,
    slot: Slot<'_, 'a, S::Output>,
    nesting: Nesting,
    place: WaitPlace,
) -> Result<Ran<S>> {
    let mut state = CallState::new(plan, args, slot);
    if nesting == Nesting::Nested && !plan.is_ready_at_once() {
        return block_on_steps(state, Resume::NextStep, nesting, place);
    }
    match state.start_steps(Waker::noop()) {
        Poll::Ready(()) => Ok(state.finish()),
        Poll::Pending => block_on_steps(state, Resume::PendingStep, nesting, place),
    }
}

/// Polls a pending step with a real waker.
#[cold]
fn block_on_steps<S: HookSpec>(
    state: CallState<'_, '_, S>,
    resume: Resume,
    nesting: Nesting,
    place: WaitPlace,
) -> Result<Ran<S>> {
    let app = S::app(state.args);
    let mut unfinished = Unfinished { app, state: Some(state), resume, observer: CallObserver::Unobserved };
    blocking::park_between_polls(nesting, place, |context| unfinished.poll(context))?;
    Ok(unfinished.finish())
}

/// Runs any call, however deep.
pub(crate) async fn execute_call<'a, S: HookSpec>(plan: &'a Plan<S>, args: S::Args<'a>) -> Ran<S> {
    if plan.wrappers.is_empty() {
        return execute_steps(plan, args).await;
    }
    let stopped_by = StoppedBy::default();
    let outcome = call_wrappers(plan, 0, S::reborrow(args), &stopped_by).await;
    let mut values = S::Values::default();
    outcome.values.into_iter().for_each(|value| values.push(value));
    let notable = Notable { failures: outcome.failures, cause: None, stopped_by: stopped_by.take() };
    Ran { values, notable: notable.if_any() }
}

/// Runs the part of the call inside the outermost `depth` wrappers.
pub(crate) fn call_wrappers<'a, S: HookSpec>(
    plan: &'a Plan<S>,
    depth: usize,
    args: S::Args<'a>,
    stopped_by: &'a StoppedBy,
) -> Pin<Box<dyn Future<Output = Outcome<S>> + Send + 'a>> {
    // Not one future that is either: a program that isn't optimised would have room for both on its stack.
    match plan.wrappers.get(depth) {
        Some(step) => Box::pin(call_wrapper(step, plan, depth, args, stopped_by)),
        None => Box::pin(async move { execute_steps(plan, args).await.outcome() }),
    }
}

async fn call_wrapper<S: HookSpec>(
    step: &Arc<Implementation>,
    plan: &Plan<S>,
    depth: usize,
    args: S::Args<'_>,
    stopped_by: &StoppedBy,
) -> Outcome<S> {
    let Call::Wrapper(wrap) = step.call::<S>() else { unreachable!("a plan's wrappers are wrappers") };
    let depth = depth + 1;
    // Reports the failures of the rest of the call if this future is dropped while the wrapper holds them.
    let rest = ReportWhenDropped { app: S::app(args), seen: Seen::default() };
    let mut observer = CallObserver::of(&S::app(args).inner);
    observer.begin_step(step, S::event(args));
    let on_pending = |waker: &Waker| {
        let goes_on = must_go_on::<S>(args, waker);
        if goes_on.is_none() {
            pending::note(|| What::Implementation(step.clone()));
        }
        goes_on
    };
    let wrapped = caught(&observer, on_pending, || {
        let args = S::reborrow(args);
        wrap(Input(args), Next { plan, depth, args, seen: &rest.seen, stopped_by })
    });
    let returned = wrapped.await;
    let failures = rest.seen.take();
    let failure = match returned {
        Ok(Ok(Some(outcome))) => {
            if !rest.seen.ran() {
                stopped_by.set(step);
            }
            observer.end_step(&CallEnd::Value);
            return outcome;
        }
        Ok(Ok(None)) => {
            observer.end_step(&CallEnd::NoValue);
            return call_wrappers(plan, depth, S::reborrow(args), stopped_by).await;
        }
        Ok(Err(cause)) => Failure::returned(step, S::event(args), cause),
        Err(NoOutcome::Panicked(panic)) => Failure::panicked(step, S::event(args), &panic),
        Err(NoOutcome::WouldBlock(place)) => would_block(place, step, S::event(args)),
    };
    observer.end_step(&CallEnd::Failed(&failure));
    // A wrapper that fails before `run` doesn't stop the others; one that fails after it can't undo them.
    let mut outcome = if rest.seen.ran() {
        Outcome { values: Vec::new(), failures }
    } else {
        call_wrappers(plan, depth, S::reborrow(args), stopped_by).await
    };
    outcome.failures.push(failure);
    outcome
}

struct ReportWhenDropped<'a> {
    app: &'a App,
    seen: Seen,
}

impl Drop for ReportWhenDropped<'_> {
    fn drop(&mut self) {
        self.app.inner.report_all(&self.seen.take());
    }
}

async fn execute_steps<'a, S: HookSpec>(plan: &'a Plan<S>, args: S::Args<'a>) -> Ran<S> {
    let slot = pin!(None);
    let mut unfinished = Unfinished::new(plan, args, slot);
    poll_fn(|context| unfinished.poll(context)).await;
    unfinished.finish()
}

/// Why a wrapper has no outcome.
enum NoOutcome {
    Panicked(Panic),
    WouldBlock(WaitPlace),
}

/// Makes a future and runs it; a panic of either ends it, and so does a wait where `on_pending` gives its place: the call
/// goes on without it.
async fn caught<F: Future + Unpin>(
    observer: &CallObserver<'_>,
    on_pending: impl Fn(&Waker) -> Option<WaitPlace>,
    make: impl FnOnce() -> F,
) -> Result<F::Output, NoOutcome> {
    let mut future = Guarded::new(foreign::catch(make).map_err(NoOutcome::Panicked)?);
    poll_fn(|context| {
        let _entered = observer.enter_step();
        match foreign::catch(|| Pin::new(future.get_mut()).poll(context)) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => match on_pending(context.waker()) {
                Some(place) => Poll::Ready(Err(NoOutcome::WouldBlock(place))),
                None => Poll::Pending,
            },
            Err(panic) => Poll::Ready(Err(NoOutcome::Panicked(panic))),
        }
    })
    .await
}

/// The place of the wait for whose sake the call goes on without an implementation that is pending. A `.wait()` that would block
/// is usually an error; but if the event is kept already, that error would be false, and a retry would track the event twice.
#[inline]
fn must_go_on<S: HookSpec>(args: S::Args<'_>, waker: &Waker) -> Option<WaitPlace> {
    S::event(args).filter(|event| event.durability() > Durability::Nothing)?;
    blocking::would_block(waker)
}

/// The failure of an implementation that is given up for it.
pub(crate) fn would_block(
    place: WaitPlace,
    implementation: &Arc<Implementation>,
    event: Option<&Tracked>,
) -> Failure {
    let error = WouldBlock::error_of(place, implementation);
    Failure::returned(implementation, event, Box::new(error))
}

impl Notable {
    fn if_any(self) -> Option<Box<Self>> {
        (!self.failures.is_empty() || self.stopped_by.is_some()).then(|| Box::new(self))
    }
}

/// A call that can be dropped half-way: its failures then go to the app's handler.
struct Unfinished<'s, 'a, S: HookSpec> {
    app: &'a App,
    /// `None` when it is finished.
    state: Option<CallState<'s, 'a, S>>,
    /// Where the next poll goes on.
    resume: Resume,
    observer: CallObserver<'a>,
}

impl<'s, 'a, S: HookSpec> Unfinished<'s, 'a, S> {
    fn new(plan: &'a Plan<S>, args: S::Args<'a>, slot: Slot<'s, 'a, S::Output>) -> Self {
        let app = S::app(args);
        let state = Some(CallState::new(plan, args, slot));
        Self { app, state, resume: Resume::NextStep, observer: CallObserver::of(&app.inner) }
    }

    #[inline]
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let state = self.state.as_mut().expect("a call isn't polled after its end");
        let mut resume = std::mem::replace(&mut self.resume, Resume::PendingStep);
        while state.resume_steps(resume, &mut self.observer, context.waker()).is_pending() {
            let Some(place) = must_go_on::<S>(state.args, context.waker()) else {
                pending::note(|| What::Implementation(state.last_step().clone()));
                return Poll::Pending;
            };
            state.give_up(place, &mut self.observer);
            resume = Resume::NextStep;
        }
        Poll::Ready(())
    }

    fn finish(mut self) -> Ran<S> {
        self.state.take().expect("a call ends once").finish()
    }
}

impl<S: HookSpec> Drop for Unfinished<'_, '_, S> {
    fn drop(&mut self) {
        let Some(CallState { mut returned, .. }) = self.state.take() else { return };
        // No caller waits for it any more.
        pending::take();
        drop(foreign::catch(|| returned.slot.set(None)));
        foreign::discard(returned.values);
        if let Some(notable) = returned.notable {
            self.app.inner.report_all(&notable.failures);
        }
    }
}
