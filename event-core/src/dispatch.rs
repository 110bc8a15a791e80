//! How a call runs through its plan.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use crate::answer::{Answers, Flow, Rare, Slot, Values};
use crate::app::App;
use crate::error::{Error, Result};
use crate::failure::Failure;
use crate::gate::Running;
use crate::hook::HookSpec;
use crate::implementation::Implementation;
use crate::inside::Inside;
use crate::plan::{Call, Input, Plan, Step};
use crate::wait;
use crate::watch::{CallEnd, Watch, Watched};
use crate::wrapper::{Next, Outcome, Seen, StoppedBy};

/// What became of a call.
pub(crate) struct Ran<S: HookSpec> {
    pub(crate) values: S::Values,
    pub(crate) notable: Option<Box<Notable>>,
}

/// What most calls don't have. Apart, so that those are small.
#[derive(Debug, Default)]
pub(crate) struct Notable {
    pub(crate) failures: Vec<Failure>,
    /// The wrapper that didn't let the call through.
    pub(crate) stopped_by: Option<Arc<Implementation>>,
}

impl<S: HookSpec> Ran<S> {
    pub(crate) fn outcome(self) -> Outcome<S> {
        let failures = self.notable.map(|notable| notable.failures);
        Outcome { values: self.values.into_vec(), failures: failures.unwrap_or_default() }
    }
}

/// Runs a call on this thread, and waits wherever an implementation does.
///
/// # Errors
/// [`Error::ShutDown`](crate::Error::ShutDown); [`Error::WouldBlock`](crate::Error::WouldBlock) inside an
/// implementation, when there is something to wait for.
pub(crate) fn wait<'a, S: HookSpec>(app: &App, plan: &'a Plan<S>, args: S::Args<'a>) -> Result<Ran<S>> {
    let entered = Entered::new(app)?;
    if entered.is_quick(plan) {
        Ok(run_quick(plan, &Input(args)))
    } else if entered.is_plain(plan) {
        run_plain(plan, &Input(args), entered.is_nested())
    } else {
        run_with_care(plan, args, entered.is_nested())
    }
}

/// This thread is in the middle of a call, which the app's shutdown waits for.
pub(crate) struct Entered<'a> {
    app: &'a App,
    // Dropped in this order.
    _running: Running<'a>,
    inside: Inside,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(crate) fn new(app: &'a App) -> Result<Self> {
        let inside = Inside::enter(&app.inner);
        Ok(Self { app, _running: app.inner.gate.enter(inside.is_of_same_app())?, inside })
    }

    /// Whether the thread was inside a call before.
    pub(crate) fn is_nested(&self) -> bool {
        self.inside.is_nested()
    }

    /// Whether [`run_quick`] will do: nobody can wait, and nobody watches.
    #[inline]
    pub(crate) fn is_quick<S: HookSpec>(&self, plan: &Plan<S>) -> bool {
        plan.is_ready_at_once() && !self.app.inner.is_watched()
    }

    /// Whether [`run_plain`] will do: there is no wrapper, and nobody watches.
    #[inline]
    pub(crate) fn is_plain<S: HookSpec>(&self, plan: &Plan<S>) -> bool {
        plan.wrappers.is_empty() && !self.app.inner.is_watched()
    }
}

/// Runs a call [as quickly as it goes](Entered::is_quick).
#[inline]
pub(crate) fn run_quick<'a, S: HookSpec>(plan: &'a Plan<S>, input: &Input<'a, S>) -> Ran<S> {
    let mut progress = Progress::new(None);
    // One `catch_unwind` around all steps instead of one around each: it is entered again after a panic, which is
    // rare.
    while let Err(panic) = catch_unwind(AssertUnwindSafe(|| {
        while let Some(flow) = progress.run_functions(plan, input) {
            let mut context = Context::from_waker(Waker::noop());
            let poll = progress.go_on(flow, plan, input, &mut Watch::Nobody, &mut context);
            debug_assert!(poll.is_ready(), "a plan without an asynchronous step is ready at once");
        }
    })) {
        progress.end_panicked(&*panic, plan, input, &mut Watch::Nobody);
    }
    progress.finish()
}

/// The same where asynchronous implementations are among those called. Most are ready when they are first polled; only
/// if one isn't, there is something to wait for.
#[inline(never)]
pub(crate) fn run_plain<'a, S: HookSpec>(
    plan: &'a Plan<S>,
    input: &Input<'a, S>,
    inside_a_call: bool,
) -> Result<Ran<S>> {
    let slot = pin!(None);
    let mut progress = Progress::new(Some(slot));
    let mut context = Context::from_waker(Waker::noop());
    if progress.poll(plan, input, &mut Watch::Nobody, &mut context).is_ready() {
        return Ok(progress.finish());
    }
    let app = S::app(input.0);
    let mut unfinished = Unfinished { app, progress: Some(progress), watch: Watch::Nobody };
    if inside_a_call {
        return Err(Error::WouldBlock);
    }
    // Polled once more, with a waker that does something.
    wait::park_between_polls(false, |context| unfinished.poll(plan, input, context))?;
    Ok(unfinished.finish())
}

/// The same where there may be wrappers, or somebody watches.
pub(crate) fn run_with_care<'a, S: HookSpec>(
    plan: &'a Plan<S>,
    args: S::Args<'a>,
    inside_a_call: bool,
) -> Result<Ran<S>> {
    if !plan.wrappers.is_empty() {
        let mut run = pin!(run(plan, args));
        return wait::park_between_polls(inside_a_call, |context| run.as_mut().poll(context));
    }
    let slot = pin!(None);
    let mut unfinished = Unfinished::new(S::app(args), slot);
    let input = Input(args);
    wait::park_between_polls(inside_a_call, |context| unfinished.poll(plan, &input, context))?;
    Ok(unfinished.finish())
}

/// Runs any call.
pub(crate) async fn run<'a, S: HookSpec>(plan: &'a Plan<S>, args: S::Args<'a>) -> Ran<S> {
    if plan.wrappers.is_empty() {
        return run_steps(plan, args).await;
    }
    let stopped_by = StoppedBy::default();
    let outcome = run_from(plan, 0, S::reborrow(args), &stopped_by).await;
    let mut values = S::Values::default();
    outcome.values.into_iter().for_each(|value| values.push(value));
    let notable = Notable { failures: outcome.failures, stopped_by: stopped_by.take() };
    Ran { values, notable: notable.if_any() }
}

/// Runs what is inside of the outermost `depth` wrappers.
pub(crate) fn run_from<'a, S: HookSpec>(
    plan: &'a Plan<S>,
    depth: usize,
    args: S::Args<'a>,
    stopped_by: &'a StoppedBy,
) -> Pin<Box<dyn Future<Output = Outcome<S>> + Send + 'a>> {
    Box::pin(async move {
        match plan.wrappers.get(depth) {
            Some(step) => run_wrapper(step, plan, depth, args, stopped_by).await,
            None => run_steps(plan, args).await.outcome(),
        }
    })
}

async fn run_wrapper<S: HookSpec>(
    step: &Step<S>,
    plan: &Plan<S>,
    depth: usize,
    args: S::Args<'_>,
    stopped_by: &StoppedBy,
) -> Outcome<S> {
    let Call::Wrapper(wrap) = step.call else { unreachable!("a plan's wrappers are wrappers") };
    let depth = depth + 1;
    // Reports what the rest of the call failed at if this future is dropped while the wrapper has it in hand.
    let rest = ReportWhenDropped { app: S::app(args), seen: Seen::default() };
    let watched = Watched::begin(&S::app(args).inner, &step.implementation, S::event(args));
    let wrapped = caught(watched.as_ref(), || {
        let args = S::reborrow(args);
        wrap(Input(args), Next { plan, depth, args, seen: &rest.seen, stopped_by })
    });
    let answer = wrapped.await;
    let failures = rest.seen.take();
    let end = |end: &CallEnd<'_>| _ = watched.map(|watched| watched.end(end));
    let failure = match answer {
        Ok(Ok(Some(outcome))) => {
            if !rest.seen.ran() {
                stopped_by.set(&step.implementation);
            }
            end(&CallEnd::Value);
            return outcome;
        }
        Ok(Ok(None)) => {
            end(&CallEnd::NoValue);
            return run_from(plan, depth, S::reborrow(args), stopped_by).await;
        }
        Ok(Err(cause)) => Failure::returned(&step.implementation, S::event(args), cause),
        Err(payload) => Failure::panicked(&step.implementation, S::event(args), &*payload),
    };
    end(&CallEnd::Failed(&failure));
    // What failed before `run` costs the wrapper, not the others; what failed after it can't undo them.
    let mut outcome = if rest.seen.ran() {
        Outcome { values: Vec::new(), failures }
    } else {
        run_from(plan, depth, S::reborrow(args), stopped_by).await
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

async fn run_steps<'a, S: HookSpec>(plan: &'a Plan<S>, args: S::Args<'a>) -> Ran<S> {
    let slot = pin!(None);
    let mut unfinished = Unfinished::new(S::app(args), slot);
    let input = Input(args);
    poll_fn(|context| unfinished.poll(plan, &input, context)).await;
    unfinished.finish()
}

/// A panic's payload.
type Panic = Box<dyn Any + Send>;

/// Makes a future and runs it; a panic of either ends it.
async fn caught<F: Future>(
    watched: Option<&Watched<'_>>,
    make: impl FnOnce() -> F,
) -> Result<F::Output, Panic> {
    let mut future = pin!(catch_unwind(AssertUnwindSafe(make))?);
    poll_fn(|context| {
        let _entered = watched.map(Watched::enter);
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// How far a call has come, and what it gave so far.
struct Progress<'s, 'a, S: HookSpec> {
    /// The step after the one that runs.
    next: usize,
    answers: Answers<'s, 'a, S>,
}

impl<'s, 'a, S: HookSpec> Progress<'s, 'a, S> {
    #[inline]
    fn new(slot: Option<Slot<'s, 'a, S::Output>>) -> Self {
        Self { next: 0, answers: Answers::new(slot) }
    }

    #[inline]
    fn finish(self) -> Ran<S> {
        // Taken apart by a match: the way of a call that has nothing rare drops nothing.
        match self.answers.rare {
            None => Ran { values: self.answers.values, notable: None },
            Some(rare) => Ran { values: self.answers.values, notable: rare.notable() },
        }
    }

    /// Calls the functions from where the call is, up to the end or to the first after which more has to be done.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a frame more costs a tenth of what an event may cost")]
    fn run_functions(&mut self, plan: &'a Plan<S>, input: &Input<'a, S>) -> Option<Flow> {
        let mut next = self.next;
        while let Some(function) = plan.functions.get(next) {
            next += 1;
            // Whoever panics is the last that was taken.
            self.next = next;
            let flow = function(input, &mut self.answers);
            if !flow.goes_on() {
                return Some(flow);
            }
        }
        None
    }

    /// Runs the steps from where the call is, up to the end or to the first that has to wait.
    fn poll(
        &mut self,
        plan: &'a Plan<S>,
        input: &Input<'a, S>,
        watch: &mut Watch<'a>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        loop {
            let polled = catch_unwind(AssertUnwindSafe(|| {
                if self.answers.slot().is_some() {
                    ready!(self.go_on(Flow::Later, plan, input, watch, context));
                }
                if let Watch::Somebody(_) = watch {
                    return self.poll_watched(plan, input, watch, context);
                }
                while let Some(mut flow) = self.run_functions(plan, input) {
                    if flow == Flow::Later {
                        flow = ready!(self.poll_future(context));
                    }
                    if !flow.goes_on() {
                        ready!(self.go_on(flow, plan, input, watch, context));
                    }
                }
                Poll::Ready(())
            }));
            match polled {
                Ok(poll) => return poll,
                Err(panic) => self.end_panicked(&*panic, plan, input, watch),
            }
        }
    }

    /// The same with somebody who is told of each step.
    #[cold]
    fn poll_watched(
        &mut self,
        plan: &'a Plan<S>,
        input: &Input<'a, S>,
        watch: &mut Watch<'a>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        while let Some(step) = plan.steps.get(self.next) {
            self.next += 1;
            watch.begin(&S::app(input.0).inner, &step.implementation, S::event(input.0));
            let flow = {
                let _entered = watch.enter();
                plan.functions[self.next - 1](input, &mut self.answers)
            };
            ready!(self.go_on(flow, plan, input, watch, context));
        }
        Poll::Ready(())
    }

    /// Ends the step that was taken last, or waits for it.
    fn go_on(
        &mut self,
        mut flow: Flow,
        plan: &'a Plan<S>,
        input: &Input<'a, S>,
        watch: &mut Watch<'a>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let step = &plan.steps[self.next - 1];
        if flow == Flow::Later {
            let _entered = watch.enter();
            flow = ready!(self.poll_future(context));
        } else if flow == Flow::Closure {
            let _entered = watch.enter();
            flow = self.answers.take(step.call_closure(input.0));
        }
        match flow {
            Flow::NoValue => watch.end(&CallEnd::NoValue),
            Flow::Value => watch.end(&CallEnd::Value),
            Flow::LastValue => {
                watch.end(&CallEnd::Value);
                self.next = plan.steps.len();
            }
            Flow::Failed => {
                let cause = self.answers.rare.as_mut().and_then(|rare| rare.cause.take());
                let cause = cause.expect("whoever failed left the cause");
                self.end_failed(
                    Failure::returned(&step.implementation, S::event(input.0), cause),
                    plan,
                    watch,
                );
            }
            Flow::Later | Flow::Closure => unreachable!("an answer is neither"),
        }
        Poll::Ready(())
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn poll_future(&mut self, context: &mut Context<'_>) -> Poll<Flow> {
        let mut slot = self.answers.slot();
        let future = slot.as_mut().as_pin_mut().expect("whoever answers later left a future");
        let answer = ready!(future.poll(context));
        slot.set(None);
        Poll::Ready(self.answers.take(answer))
    }

    #[cold]
    fn end_panicked(
        &mut self,
        panic: &(dyn Any + Send),
        plan: &Plan<S>,
        input: &Input<'a, S>,
        watch: &mut Watch<'a>,
    ) {
        // What has panicked must not be polled again, and may panic once more when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(|| self.answers.slot.as_mut().map(|slot| slot.set(None))));
        let step = &plan.steps[self.next - 1];
        self.end_failed(Failure::panicked(&step.implementation, S::event(input.0), panic), plan, watch);
    }

    #[cold]
    fn end_failed(&mut self, failure: Failure, plan: &Plan<S>, watch: &mut Watch<'a>) {
        watch.end(&CallEnd::Failed(&failure));
        if failure.is_essential() || S::INFO.is_first_result() {
            self.next = plan.steps.len();
        }
        self.answers.rare.get_or_insert_default().failures.push(failure);
    }
}

impl Notable {
    fn if_any(self) -> Option<Box<Self>> {
        (!self.failures.is_empty() || self.stopped_by.is_some()).then(|| Box::new(self))
    }
}

impl Rare {
    #[cold]
    fn notable(self) -> Option<Box<Notable>> {
        Notable { failures: self.failures, stopped_by: None }.if_any()
    }
}

/// A call that can be dropped half-way: its failures then go to the app's handler.
struct Unfinished<'s, 'a, S: HookSpec> {
    app: &'a App,
    /// `None` when it is finished.
    progress: Option<Progress<'s, 'a, S>>,
    watch: Watch<'a>,
}

impl<'s, 'a, S: HookSpec> Unfinished<'s, 'a, S> {
    fn new(app: &'a App, slot: Slot<'s, 'a, S::Output>) -> Self {
        Self { app, progress: Some(Progress::new(Some(slot))), watch: Watch::of(&app.inner) }
    }

    #[inline]
    fn poll(&mut self, plan: &'a Plan<S>, input: &Input<'a, S>, context: &mut Context<'_>) -> Poll<()> {
        let progress = self.progress.as_mut().expect("a call isn't polled after its end");
        progress.poll(plan, input, &mut self.watch, context)
    }

    fn finish(mut self) -> Ran<S> {
        self.progress.take().expect("a call ends once").finish()
    }
}

impl<S: HookSpec> Drop for Unfinished<'_, '_, S> {
    fn drop(&mut self) {
        if let Some(rare) = self.progress.take().and_then(|progress| progress.answers.rare) {
            self.app.inner.report_all(&rare.failures);
        }
    }
}
