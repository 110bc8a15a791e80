//! How a call runs: at once where nobody can wait, as a future otherwise.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::app::App;
use crate::error::Result;
use crate::hook::HookSpec;
use crate::inside::{self, Inside};
use crate::plan::Plan;
use crate::wait;

/// Something that runs through a [`Plan`]: a hook's call, an event that is tracked.
#[doc(hidden)]
pub trait Callable<'a>: Sized + Send + 'a {
    type Spec: HookSpec;
    type Answer: Send;

    fn app(&self) -> &'a App;

    /// Whom the call meets; `None` if nobody answers the hook.
    fn plan(&self) -> Result<Option<&'a Plan<Self::Spec>>>;

    /// The answer when the plan is empty.
    fn unheard(self) -> Result<Self::Answer>;

    /// Runs a plan that [is ready at once](Plan::is_ready_at_once).
    fn run_ready(self, plan: &'a Plan<Self::Spec>) -> Result<Self::Answer>;

    /// Runs any plan.
    fn run(self, plan: &'a Plan<Self::Spec>) -> impl Future<Output = Result<Self::Answer>> + Send + 'a;
}

/// Runs the call on this thread and waits for it.
pub(crate) fn wait<'a, C: Callable<'a>>(call: C) -> Result<C::Answer> {
    let app = call.app();
    let Some(plan) = call.plan()?.filter(|plan| !plan.is_empty()) else {
        app.inner.gate.check_open(app.inner.is_inside())?;
        return call.unheard();
    };
    let _running = app.inner.gate.enter(app.inner.is_inside())?;
    if plan.is_ready_at_once() {
        let _inside = Inside::enter(&app.inner);
        call.run_ready(plan)
    } else {
        wait::until_ready(inside::marked(&app.inner, call.run(plan)))?
    }
}

/// The future of a call.
#[must_use = "a future does nothing unless it is awaited"]
pub struct CallFuture<'a, C: Callable<'a>>(State<'a, C>);

enum State<'a, C: Callable<'a>> {
    /// Not polled yet. Where nobody can wait, the first poll does it all, without an allocation.
    New(Option<C>),
    Running(&'a App, Pin<Box<dyn Future<Output = Result<C::Answer>> + Send + 'a>>),
}

impl<'a, C: Callable<'a>> CallFuture<'a, C> {
    pub(crate) fn new(call: C) -> Self {
        Self(State::New(Some(call)))
    }
}

// Only the boxed future is ever pinned.
impl<'a, C: Callable<'a>> Unpin for CallFuture<'a, C> {}

impl<'a, C: Callable<'a>> Future for CallFuture<'a, C> {
    type Output = Result<C::Answer>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let State::New(call) = &mut self.0 {
            let call = call.take().expect("a future isn't polled after it is done");
            let app = call.app();
            let plan = match call.plan()? {
                Some(plan) if !plan.is_ready_at_once() => plan,
                _ => return Poll::Ready(wait(call)),
            };
            let running = app.inner.gate.enter(app.inner.is_inside())?;
            let run = async move {
                let _running = running;
                call.run(plan).await
            };
            self.0 = State::Running(app, Box::pin(run));
        }
        let State::Running(app, running) = &mut self.0 else { unreachable!("it was set above") };
        // Around each poll anew: the next can be on another thread.
        let _inside = Inside::enter(&app.inner);
        running.as_mut().poll(context)
    }
}

impl<'a, C: Callable<'a>> std::fmt::Debug for CallFuture<'a, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CallFuture({})", C::Spec::INFO.name())
    }
}
