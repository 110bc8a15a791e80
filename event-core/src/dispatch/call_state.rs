//! How far a call has come, and what it does next.

use std::task::{Poll, Waker};

use crate::dispatch::execute::{self, Ran};
use crate::dispatch::failure::Failure;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::observe::{CallEnd, Watch};
use crate::dispatch::plan::Plan;
use crate::dispatch::return_value::{Answers, Flow, Slot};
use crate::event::foreign::{self, Panic};

/// What the functions gave that were called last, of which the last has to be looked after; `None` at the end. Or that
/// one panicked.
type Taken = Result<Option<Flow>, Panic>;

/// How far a call has come, and what it gave so far.
#[doc(hidden)]
pub struct Progress<'s, 'a, S: HookSpec> {
    plan: &'a Plan<S>,
    /// The step after the one that runs.
    pub(crate) next: usize,
    pub(crate) args: S::Args<'a>,
    pub(crate) answers: Answers<'s, 'a, S>,
}

impl<'s, 'a, S: HookSpec> Progress<'s, 'a, S> {
    #[inline]
    pub(crate) fn new(plan: &'a Plan<S>, args: S::Args<'a>, slot: Slot<'s, 'a, S::Output>) -> Self {
        Self { plan, next: 0, args, answers: Answers::new(slot) }
    }

    #[inline]
    pub(crate) fn finish(self) -> Ran<S> {
        Ran { values: self.answers.values, notable: self.answers.notable }
    }

    /// Runs the steps from where the call is, of which nobody is told, up to the end or to the first that has to wait.
    ///
    /// One `catch_unwind` is around all of them instead of one around each. It is entered again after a step that has
    /// to be looked after, which is rare and therefore out of the way.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a frame more costs a tenth of what an event may cost")]
    pub(crate) fn run(&mut self, waker: &Waker) -> Poll<()> {
        match foreign::catch(|| self.plan.functions.run(self, waker)) {
            Ok(None) => Poll::Ready(()),
            taken => self.go_on(taken, &mut Watch::Nobody, waker),
        }
    }

    /// The same with somebody who may be told. `again`: the step that was taken last has to be waited for.
    pub(crate) fn poll(&mut self, again: bool, watch: &mut Watch<'a>, waker: &Waker) -> Poll<()> {
        let taken = if again {
            let _entered = watch.enter();
            foreign::catch(|| match self.answers.poll_future(waker) {
                Poll::Ready(flow) => Some(flow),
                Poll::Pending => Some(Flow::Later),
            })
        } else {
            self.take_steps(watch, waker)
        };
        self.go_on(taken, watch, waker)
    }

    /// Looks after the step that was taken last, and after those that come.
    #[cold]
    #[inline(never)]
    fn go_on(&mut self, mut taken: Taken, watch: &mut Watch<'a>, waker: &Waker) -> Poll<()> {
        loop {
            match taken {
                Ok(None) => return Poll::Ready(()),
                Ok(Some(Flow::Later)) => return Poll::Pending,
                Ok(Some(Flow::Closure)) => {
                    taken = self.call_closure(watch);
                    continue;
                }
                Ok(Some(flow)) => self.end_step(flow, watch),
                Err(panic) => self.end_panicked(&panic, watch),
            }
            taken = self.take_steps(watch, waker);
        }
    }

    /// Takes steps up to the end or to the first that has to be looked after: where somebody is told, that is the next.
    #[inline]
    fn take_steps(&mut self, watch: &mut Watch<'a>, waker: &Waker) -> Taken {
        match watch {
            Watch::Nobody => foreign::catch(|| self.plan.functions.run(self, waker)),
            Watch::Somebody(_) => self.take_watched_step(watch, waker),
        }
    }

    #[inline(never)]
    fn take_watched_step(&mut self, watch: &mut Watch<'a>, waker: &Waker) -> Taken {
        let Some(step) = self.plan.steps.get(self.next) else { return Ok(None) };
        self.next += 1;
        watch.begin(&S::app(self.args).inner, &step.implementation, S::event(self.args));
        let _entered = watch.enter();
        foreign::catch(|| Some(self.plan.functions.call(self.next - 1, self, waker)))
    }

    fn call_closure(&mut self, watch: &Watch<'a>) -> Taken {
        let step = &self.plan.steps[self.next - 1];
        let _entered = watch.enter();
        foreign::catch(|| Some(self.answers.take(step.call_closure(self.args))))
    }

    /// Ends the step that was taken last.
    fn end_step(&mut self, flow: Flow, watch: &mut Watch<'a>) {
        let step = &self.plan.steps[self.next - 1];
        match flow {
            Flow::NoValue => watch.end(&CallEnd::NoValue),
            Flow::Value => watch.end(&CallEnd::Value),
            Flow::LastValue => {
                watch.end(&CallEnd::Value);
                self.next = self.plan.steps.len();
            }
            Flow::Failed => {
                let cause = self.answers.notable.as_mut().and_then(|notable| notable.cause.take());
                let cause = cause.expect("whoever failed left the cause");
                self.end_failed(Failure::returned(&step.implementation, S::event(self.args), cause), watch);
            }
            Flow::Later | Flow::Closure => unreachable!("an answer is neither"),
        }
    }

    /// Drops the future of the step that was taken last, and goes on without what it would have given.
    #[cold]
    pub(crate) fn give_up(&mut self, watch: &mut Watch<'a>) {
        drop(foreign::catch(|| self.answers.slot.set(None)));
        let step = &self.plan.steps[self.next - 1];
        self.end_failed(execute::would_block(&step.implementation, S::event(self.args)), watch);
    }

    fn end_panicked(&mut self, panic: &Panic, watch: &mut Watch<'a>) {
        // What has panicked must not be polled again, and may panic once more when it is dropped.
        drop(foreign::catch(|| self.answers.slot.set(None)));
        let step = &self.plan.steps[self.next - 1];
        self.end_failed(Failure::panicked(&step.implementation, S::event(self.args), panic), watch);
    }

    fn end_failed(&mut self, failure: Failure, watch: &mut Watch<'a>) {
        watch.end(&CallEnd::Failed(&failure));
        if failure.is_essential() || S::INFO.is_first_result() {
            self.next = self.plan.steps.len();
        }
        self.answers.notable.get_or_insert_default().failures.push(failure);
    }
}
