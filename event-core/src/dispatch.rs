//! How a call runs through its plan.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;

use crate::answer::Answer;
use crate::app::App;
use crate::failure::Failure;
use crate::hook::HookSpec;
use crate::implementation::Implementation;
use crate::plan::{AnswerFuture, Call, Input, Plan, Step};
use crate::watch::{CallEnd, Watched};
use crate::wrapper::{Next, Outcome, Seen, StoppedBy};

/// What became of a call.
pub(crate) struct Ran<S: HookSpec> {
    pub(crate) outcome: Outcome<S>,
    /// The wrapper that didn't let it through.
    pub(crate) stopped_by: Option<Arc<Implementation>>,
}

/// Runs a call in which nobody can wait.
#[inline]
pub(crate) fn run_ready<S: HookSpec>(plan: &Plan<S>, args: S::Args<'_>) -> Ran<S> {
    let mut collected = Collected::<S>::new(S::app(args));
    let waits = collected.run_until_async(&plan.steps, &mut 0, args);
    debug_assert!(waits.is_none(), "a plan with an asynchronous step isn't ready at once");
    Ran { outcome: collected.finish(), stopped_by: None }
}

/// Runs any call.
pub(crate) async fn run<S: HookSpec>(plan: &Plan<S>, args: S::Args<'_>) -> Ran<S> {
    let stopped_by = StoppedBy::default();
    let outcome = if plan.wrappers.is_empty() {
        run_steps(plan, args).await
    } else {
        run_from(plan, 0, S::reborrow(args), &stopped_by).await
    };
    Ran { outcome, stopped_by: stopped_by.take() }
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
            None => run_steps(plan, args).await,
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

async fn run_steps<S: HookSpec>(plan: &Plan<S>, args: S::Args<'_>) -> Outcome<S> {
    let mut collected = Collected::<S>::new(S::app(args));
    let mut next = 0;
    while let Some((step, function)) = collected.run_until_async(&plan.steps, &mut next, args) {
        let watched = Watched::begin(&S::app(args).inner, &step.implementation, S::event(args));
        let answer = caught(watched.as_ref(), || function(Input(S::reborrow(args)))).await;
        if collected.add(step, args, answer, watched).is_end() {
            break;
        }
    }
    collected.finish()
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
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// The outcome of a call so far. If the call is dropped half-way, the failures go to the app's handler.
struct Collected<'a, S: HookSpec> {
    app: &'a App,
    outcome: Outcome<S>,
}

#[derive(Clone, Copy, PartialEq)]
enum Flow {
    Next,
    End,
}

impl Flow {
    fn is_end(self) -> bool {
        self == Self::End
    }
}

type AsyncFunction<S> = for<'a> fn(Input<'a, S>) -> AnswerFuture<'a, <S as HookSpec>::Output>;

impl<'a, S: HookSpec> Collected<'a, S> {
    fn new(app: &'a App) -> Self {
        Self { app, outcome: Outcome::default() }
    }

    #[inline]
    fn finish(mut self) -> Outcome<S> {
        std::mem::take(&mut self.outcome)
    }

    /// Runs the steps from `next` on, up to the first that can wait: gives that one, or `None` at the end.
    fn run_until_async<'p>(
        &mut self,
        steps: &'p [Step<S>],
        next: &mut usize,
        args: S::Args<'_>,
    ) -> Option<(&'p Step<S>, AsyncFunction<S>)> {
        let is_watched = self.app.inner.is_watched();
        let input = Input(args);
        loop {
            // One `catch_unwind` around the loop instead of one around each step: it is entered again
            // after a panic, which is rare.
            let caught = catch_unwind(AssertUnwindSafe(|| {
                while let Some(step) = steps.get(*next) {
                    *next += 1;
                    let flow = match &step.call {
                        Call::Sync(function) if !is_watched => self.add_answer(step, args, function(&input)),
                        Call::Async(function) => return Some((step, *function)),
                        _ if is_watched => self.run_watched(step, args),
                        _ => self.add_answer(step, args, call_now(step, args)),
                    };
                    if flow.is_end() {
                        *next = steps.len();
                    }
                }
                None
            }));
            match caught {
                Ok(stopped_at) => return stopped_at,
                Err(panic) => {
                    // Whoever panicked is the last that was taken.
                    if self.add_panic(&steps[*next - 1], args, &*panic).is_end() {
                        *next = steps.len();
                    }
                }
            }
        }
    }

    #[cold]
    fn run_watched(&mut self, step: &Step<S>, args: S::Args<'_>) -> Flow {
        let watched = Watched::begin(&self.app.inner, &step.implementation, S::event(args));
        let ran = {
            let _entered = watched.as_ref().map(Watched::enter);
            catch_unwind(AssertUnwindSafe(|| call_now(step, args)))
        };
        self.add(step, args, ran, watched)
    }

    fn add(
        &mut self,
        step: &Step<S>,
        args: S::Args<'_>,
        ran: Result<Answer<S::Output>, Panic>,
        watched: Option<Watched<'_>>,
    ) -> Flow {
        let has_value = matches!(ran, Ok(Ok(Some(_))));
        let failures = self.outcome.failures.len();
        let flow = match ran {
            Ok(answer) => self.add_answer(step, args, answer),
            Err(panic) => self.add_panic(step, args, &*panic),
        };
        if let Some(watched) = watched {
            watched.end(&match self.outcome.failures.get(failures) {
                Some(failure) => CallEnd::Failed(failure),
                None if has_value => CallEnd::Value,
                None => CallEnd::NoValue,
            });
        }
        flow
    }

    #[inline]
    fn add_answer(&mut self, step: &Step<S>, args: S::Args<'_>, answer: Answer<S::Output>) -> Flow {
        match answer {
            Ok(None) => Flow::Next,
            Ok(Some(value)) => {
                self.outcome.values.push(value);
                if S::INFO.is_first_result() { Flow::End } else { Flow::Next }
            }
            Err(cause) => self.add_failure(Failure::returned(&step.implementation, S::event(args), cause)),
        }
    }

    #[cold]
    fn add_panic(&mut self, step: &Step<S>, args: S::Args<'_>, panic: &(dyn Any + Send)) -> Flow {
        self.add_failure(Failure::panicked(&step.implementation, S::event(args), panic))
    }

    fn add_failure(&mut self, failure: Failure) -> Flow {
        let ends = failure.is_essential() || S::INFO.is_first_result();
        self.outcome.failures.push(failure);
        if ends { Flow::End } else { Flow::Next }
    }
}

/// Calls an implementation that can't wait.
fn call_now<S: HookSpec>(step: &Step<S>, args: S::Args<'_>) -> Answer<S::Output> {
    match &step.call {
        Call::Sync(function) => function(&Input(args)),
        Call::Closure(closure) => closure(args),
        Call::Async(_) | Call::Wrapper(_) => unreachable!("it is no step that can't wait"),
    }
}

impl<S: HookSpec> Drop for Collected<'_, S> {
    fn drop(&mut self) {
        if !self.outcome.failures.is_empty() {
            self.app.inner.report_all(&self.outcome.failures);
        }
    }
}
