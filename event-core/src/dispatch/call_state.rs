//! The state of a running call, and its next step.

use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::dispatch::execute::{self, Ran};
use crate::dispatch::failure::Failure;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::observe::{CallEnd, CallObserver};
use crate::dispatch::pending::WaitPlace;
use crate::dispatch::plan::{Call, Plan};
use crate::dispatch::return_value::{Flow, ReturnValues, Slot};
use crate::event::foreign::{self, Panic};

/// The flow that interrupted the loop, `None` at the end, or the panic.
type Taken = Result<Option<Flow>, Panic>;

/// Where a call goes on.
#[derive(Clone, Copy)]
pub(crate) enum Resume {
    /// With the step that comes next.
    NextStep,
    /// With the future of the step that was taken last.
    PendingStep,
}

/// The position of a call in its plan, and its results so far.
#[doc(hidden)]
pub struct CallState<'s, 'a, S: HookSpec> {
    plan: &'a Plan<S>,
    /// The index of the next step.
    pub(crate) next: usize,
    pub(crate) args: S::Args<'a>,
    pub(crate) returned: ReturnValues<'s, 'a, S>,
}

impl<'s, 'a, S: HookSpec> CallState<'s, 'a, S> {
    #[inline]
    pub(crate) fn new(plan: &'a Plan<S>, args: S::Args<'a>, slot: Slot<'s, 'a, S::Output>) -> Self {
        Self { plan, next: 0, args, returned: ReturnValues::new(slot) }
    }

    #[inline]
    pub(crate) fn finish(self) -> Ran<S> {
        Ran { values: self.returned.values, notable: self.returned.notable }
    }

    /// Runs the steps from the call's position, unobserved, up to the end or to the first that is pending.
    ///
    /// One `catch_unwind` surrounds all of them instead of one each. It is entered again after a step that interrupts the loop,
    /// which is rare and therefore out of line.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a frame more costs a tenth of what an event may cost")]
    pub(crate) fn start_steps(&mut self, waker: &Waker) -> Poll<()> {
        match foreign::catch(|| self.plan.functions.call_from_next(self, waker)) {
            Ok(None) => Poll::Ready(()),
            taken => self.finish_steps(taken, &mut CallObserver::Unobserved, waker),
        }
    }

    /// The same for a call that may be observed, and that may have been pending before.
    pub(crate) fn resume_steps(
        &mut self,
        resume: Resume,
        observer: &mut CallObserver<'a>,
        waker: &Waker,
    ) -> Poll<()> {
        let taken = match resume {
            Resume::NextStep => self.take_steps(observer, waker),
            Resume::PendingStep => {
                let _entered = observer.enter_step();
                foreign::catch(|| match self.returned.poll_future(waker) {
                    Poll::Ready(flow) => Some(flow),
                    Poll::Pending => Some(Flow::Later),
                })
            }
        };
        self.finish_steps(taken, observer, waker)
    }

    /// Handles the flow of the last step, and takes the next ones.
    #[cold]
    #[inline(never)]
    fn finish_steps(&mut self, mut taken: Taken, observer: &mut CallObserver<'a>, waker: &Waker) -> Poll<()> {
        loop {
            match taken {
                Ok(None) => return Poll::Ready(()),
                Ok(Some(Flow::Later)) => return Poll::Pending,
                Ok(Some(Flow::Closure)) => {
                    taken = self.call_closure(observer);
                    continue;
                }
                Ok(Some(flow)) => self.end_step(flow, observer),
                Err(panic) => self.end_panicked(&panic, observer),
            }
            taken = self.take_steps(observer, waker);
        }
    }

    /// Takes steps up to the end or to the first that interrupts the loop; an observed call takes one at a time.
    #[inline]
    fn take_steps(&mut self, observer: &mut CallObserver<'a>, waker: &Waker) -> Taken {
        match observer {
            CallObserver::Unobserved => foreign::catch(|| self.plan.functions.call_from_next(self, waker)),
            CallObserver::BetweenSteps(_) | CallObserver::InStep(_) => {
                self.take_observed_step(observer, waker)
            }
        }
    }

    #[inline(never)]
    fn take_observed_step(&mut self, observer: &mut CallObserver<'a>, waker: &Waker) -> Taken {
        let Some(step) = self.plan.steps.get(self.next) else { return Ok(None) };
        self.next += 1;
        observer.begin_step(step, S::event(self.args));
        let _entered = observer.enter_step();
        foreign::catch(|| Some(self.plan.functions.call(self.next - 1, self, waker)))
    }

    fn call_closure(&mut self, observer: &CallObserver<'a>) -> Taken {
        let Call::Closure(closure) = self.plan.steps[self.next - 1].call::<S>() else {
            unreachable!("only the function of a closure gives this flow")
        };
        let _entered = observer.enter_step();
        foreign::catch(|| Some(self.returned.take(closure(self.args))))
    }

    /// Ends the last step.
    fn end_step(&mut self, flow: Flow, observer: &mut CallObserver<'a>) {
        let step = &self.plan.steps[self.next - 1];
        match flow {
            Flow::NoValue => observer.end_step(&CallEnd::NoValue),
            Flow::Value => observer.end_step(&CallEnd::Value),
            Flow::LastValue => {
                observer.end_step(&CallEnd::Value);
                self.next = self.plan.steps.len();
            }
            Flow::Failed => {
                let cause = self.returned.notable.as_mut().and_then(|notable| notable.cause.take());
                let cause = cause.expect("a failed step leaves its cause");
                self.end_failed(Failure::returned(step, S::event(self.args), cause), observer);
            }
            Flow::Later | Flow::Closure => unreachable!("such a step has not ended"),
        }
    }

    /// Drops the future of the last step, and goes on without its value.
    #[cold]
    pub(crate) fn give_up(&mut self, place: WaitPlace, observer: &mut CallObserver<'a>) {
        // First, since dropping a call in it takes back what is noted.
        let failure = execute::would_block(place, self.last_step(), S::event(self.args));
        drop(foreign::catch(|| self.returned.slot.set(None)));
        self.end_failed(failure, observer);
    }

    /// The implementation of the step that was taken last.
    pub(crate) fn last_step(&self) -> &'a Arc<Implementation> {
        &self.plan.steps[self.next - 1]
    }

    fn end_panicked(&mut self, panic: &Panic, observer: &mut CallObserver<'a>) {
        // A future that panicked must not be polled again, and its drop may panic too.
        drop(foreign::catch(|| self.returned.slot.set(None)));
        let step = &self.plan.steps[self.next - 1];
        self.end_failed(Failure::panicked(step, S::event(self.args), panic), observer);
    }

    fn end_failed(&mut self, failure: Failure, observer: &mut CallObserver<'a>) {
        observer.end_step(&CallEnd::Failed(&failure));
        if failure.is_essential() || S::INFO.is_first_result() {
            self.next = self.plan.steps.len();
        }
        self.returned.notable.get_or_insert_default().failures.push(failure);
    }
}
