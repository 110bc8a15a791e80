//! The actor and the context of all events that are tracked in a future or a closure.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll};

use crate::event::actor::{Actor, IntoActor};
use crate::event::context::Context;
use crate::event::envelope;

/// Gives an actor and a [`Context`] to everything that is tracked while a future is polled, or while a closure runs.
///
/// What a call says itself wins: `.by(…)` over the scope's actor, and each part of `.context(…)` over the same part of
/// the scope's. A scope within another adds to it, and its own parts win.
///
/// ```
/// use event_core::prelude::*;
/// use event_core::{Context, Scope};
///
/// #[derive(Event)]
/// struct UserBanned {
///     user: u64,
/// }
///
/// # let app = App::builder().without_linked().event::<UserBanned>().start().wait()?;
/// # let recorder = app.recorder();
/// let request = Scope::new().actor("root").context(Context::new().with_request_id("5f2c"));
/// request.run(|| app.track(UserBanned { user: 17 }).wait())?;
///
/// let event = recorder.last().unwrap();
/// assert_eq!(event.actor().and_then(Actor::id), Some("root"));
/// assert_eq!(event.context().and_then(Context::request_id), Some("5f2c"));
/// # Ok::<_, event_core::Error>(())
/// ```
///
/// It needs no runtime. It belongs to the future and not to a task, so what another task or thread tracks has it only
/// if it is carried along:
///
/// ```
/// # use event_core::Scope;
/// let scope = Scope::current();
/// std::thread::spawn(move || scope.run(|| { /* … */ }));
/// ```
#[derive(Clone, Default)]
#[must_use = "a scope does nothing until something runs in it: `.around(future)` or `.run(|| …)`"]
pub struct Scope {
    said: Option<Arc<Said>>,
    /// Whether it is complete, and takes no part from the scope around it.
    is_whole: bool,
}

#[derive(Clone, Default, PartialEq)]
struct Said {
    actor: Option<Actor>,
    context: Context,
}

impl std::fmt::Debug for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = self.said.clone().unwrap_or_default();
        f.debug_struct("Scope")
            .field("actor", &said.actor)
            .field("context", &said.context)
            .finish_non_exhaustive()
    }
}

/// Whether any thread was ever in a scope: in a program without scopes, an event reads only this.
static IS_USED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether [`CURRENT`] has something. This needs no destructor, so looking at it is cheap.
    static IS_SET: Cell<bool> = const { Cell::new(false) };
    static CURRENT: RefCell<Option<Arc<Said>>> = const { RefCell::new(None) };
}

impl Scope {
    /// An empty scope.
    pub fn new() -> Self {
        Self::default()
    }

    /// Who acts: what [`.by(…)`](crate::Track::by) takes. `None` says nothing.
    pub fn actor(self, actor: impl IntoActor) -> Self {
        match actor.into_actor() {
            Some(actor) => self.change(|said| said.actor = Some(actor)),
            None => self,
        }
    }

    /// The context. A second one adds to the first, and its parts win.
    pub fn context(self, context: Context) -> Self {
        self.change(|said| said.context = context.within(&said.context))
    }

    /// The W3C `traceparent` of the request; see [`Context::with_traceparent`].
    pub fn traceparent(self, value: impl Into<String>) -> Self {
        self.context(Context::new().with_traceparent(value))
    }

    /// The scope that this thread is in, complete: in it, nothing comes from another scope around it. Without one, a
    /// scope in which an event has neither actor nor context.
    ///
    /// Carry it into a new task or thread, which doesn't inherit the scope: it may live longer than the request.
    pub fn current() -> Self {
        Self { said: current(), is_whole: true }
    }

    /// The future, in this scope whenever it is polled.
    pub fn around<F: Future>(&self, future: F) -> InScope<F> {
        InScope { scope: self.clone(), future: Box::pin(future) }
    }

    /// Runs the closure in this scope.
    pub fn run<T>(&self, closure: impl FnOnce() -> T) -> T {
        let _entered = self.enter();
        closure()
    }

    fn enter(&self) -> Entered {
        let around = current();
        let said = match (&self.said, &around) {
            (said, _) if self.is_whole => said.clone(),
            (Some(said), Some(around)) => Some(Arc::new(Said {
                actor: said.actor.clone().or_else(|| around.actor.clone()),
                context: said.context.clone().within(&around.context),
            })),
            (said, around) => said.as_ref().or(around.as_ref()).cloned(),
        };
        set(said);
        Entered { around }
    }

    fn change(mut self, change: impl FnOnce(&mut Said)) -> Self {
        change(Arc::make_mut(self.said.get_or_insert_default()));
        self
    }
}

/// Restores the outer scope, also after a panic.
struct Entered {
    around: Option<Arc<Said>>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        set(self.around.take());
    }
}

/// Whether any thread was ever in a scope: what an event looks at first.
#[inline]
pub(crate) fn is_used() -> bool {
    // Relaxed, since a thread that is in a scope has set it itself.
    IS_USED.load(Ordering::Relaxed)
}

/// Whether this thread is in a scope.
#[inline]
pub(crate) fn is_set() -> bool {
    is_used() && IS_SET.get()
}

/// What a call said about its event, completed by the scope around it.
#[inline]
pub(crate) fn complete(said: envelope::Said) -> envelope::Said {
    if is_set() { complete_by(current(), said) } else { said }
}

#[cold]
fn complete_by(scope: Option<Arc<Said>>, mut said: envelope::Said) -> envelope::Said {
    let Some(scope) = scope else { return said };
    if said.actor.is_none() {
        said.actor.clone_from(&scope.actor);
    }
    if !scope.context.is_empty() {
        let given = said.given.get_or_insert_default();
        given.context = std::mem::take(&mut given.context).within(&scope.context);
    }
    said
}

fn current() -> Option<Arc<Said>> {
    if !is_set() {
        return None;
    }
    // A thread that ends has no scope any more.
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

fn set(said: Option<Arc<Said>>) {
    let is_set = said.is_some();
    let before = CURRENT.try_with(|current| current.replace(said)).ok().flatten();
    IS_SET.set(is_set);
    if is_set {
        IS_USED.store(true, Ordering::Relaxed);
    }
    // What was there before may be the last of its kind, and dropping an actor runs no code that could ask for the scope.
    drop(before);
}

/// A future in a [`Scope`]; made by [`Scope::around`].
#[must_use = "a future does nothing unless it is awaited"]
pub struct InScope<F> {
    scope: Scope,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for InScope<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<F::Output> {
        let _entered = self.scope.enter();
        self.future.as_mut().poll(context)
    }
}

impl<F> std::fmt::Debug for InScope<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InScope").field("scope", &self.scope).finish_non_exhaustive()
    }
}
