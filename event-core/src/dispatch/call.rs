//! A hook's call: it runs at once if no implementation can wait, and as a future otherwise.

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::dispatch::error::Result;
use crate::dispatch::hook::HookSpec;
use crate::dispatch::host::App;
use crate::dispatch::in_flight::{Caller, Running};
use crate::dispatch::pending::WaitPlace;
use crate::dispatch::plan::Plan;
use crate::dispatch::reentrancy::Inside;

/// A call that runs through a [`Plan`]: of a hook, or of a tracked event.
#[doc(hidden)]
pub trait Callable<'a>: Sized + Send + 'a {
    type Spec: HookSpec;
    type Output: Send;

    fn app(&self) -> Result<&'a App>;

    /// The implementations; `None` if the hook has none.
    fn plan(&self, app: &'a App) -> Result<Option<&'a Plan<Self::Spec>>>;

    /// Runs the call on this thread and waits for it, at this place.
    fn block_on(self, place: WaitPlace) -> Result<Self::Output>;

    /// Runs the plan. The call counts as running until the future is done or dropped.
    fn execute(
        self,
        app: &'a App,
        plan: &'a Plan<Self::Spec>,
        running: Running<'a>,
    ) -> impl Future<Output = Result<Self::Output>> + Send + 'a;
}

/// The future of a call `C` that resolves to an `A`.
///
/// No bound says what `C` is: with one, the compiler couldn't see that an `async` block which holds this is `Send`
/// (rust-lang/rust#102211).
#[must_use = "a future does nothing unless it is awaited"]
pub struct CallFuture<'a, C, A>(Stage<'a, C, A>);

enum Stage<'a, C, A> {
    /// Not polled yet. If no implementation can wait, the first poll runs the whole call, without an allocation.
    New(Option<C>),
    Running(&'a App, Pin<Box<dyn Future<Output = Result<A>> + Send + 'a>>),
}

impl<C, A> CallFuture<'_, C, A> {
    pub(crate) fn new(call: C) -> Self {
        Self(Stage::New(Some(call)))
    }

    /// The call, as long as this hasn't been polled.
    #[inline]
    pub(crate) fn call(&mut self) -> Option<&mut C> {
        match &mut self.0 {
            Stage::New(call) => call.as_mut(),
            Stage::Running(..) => None,
        }
    }

    /// The call; or the future, if it has been polled.
    #[inline]
    pub(crate) fn into_call(self) -> std::result::Result<C, Self> {
        match self.0 {
            Stage::New(Some(call)) => Ok(call),
            running => Err(Self(running)),
        }
    }
}

// Only the boxed future is ever pinned.
impl<C, A> Unpin for CallFuture<'_, C, A> {}

impl<'a, A, C: Callable<'a, Output = A>> Future for CallFuture<'a, C, A> {
    type Output = Result<A>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Stage::New(call) = &mut self.0 {
            let call = call.take().expect("a future isn't polled after it is done");
            let app = call.app()?;
            match call.plan(app)? {
                Some(plan) if !plan.is_ready_at_once() => {
                    let running = app.inner.gate.enter(Caller::of_next_call(&app.inner))?;
                    self.0 = Stage::Running(app, Box::pin(call.execute(app, plan, running)));
                }
                // Nothing in it can wait.
                _ => return Poll::Ready(call.block_on(Location::caller())),
            }
        }
        let Stage::Running(app, running) = &mut self.0 else { unreachable!("it was set above") };
        // For each poll: the next one can be on another thread.
        let inside = Inside::enter(&app.inner);
        let _counted = inside.count();
        running.as_mut().poll(context)
    }
}

impl<C, A> std::fmt::Debug for CallFuture<'_, C, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CallFuture")
    }
}
