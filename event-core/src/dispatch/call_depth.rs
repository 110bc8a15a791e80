//! How deep calls may run within each other. Without a limit, an implementation that causes its own call overflows
//! the stack, which ends the process.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use crate::dispatch::builtin::track_event;
use crate::dispatch::error::{Error, Result};
use crate::dispatch::hook::{HookInfo, HookSpec};
use crate::dispatch::host::Inner;
use crate::dispatch::implementation::Implementation;
use crate::dispatch::reentrancy::{self, Nesting};
use crate::event::escape::escape_controls;
use crate::event::tracked::Tracked;

/// How many calls may run within each other where the builder isn't told another number. As many
/// asynchronous ones take less than half of a stack of 2 MiB in a program that isn't optimised; with a wrapper around each,
/// two thirds.
pub(crate) const LIMIT: usize = 64;

thread_local! {
    /// The implementation that runs in the deepest call that is let in on this thread.
    static DEEPEST: RefCell<Option<InnermostCall>> = const { RefCell::new(None) };
}

#[derive(Clone)]
struct InnermostCall {
    implementation: Arc<Implementation>,
    event: Option<String>,
}

/// A call that was refused, since it would have been one too many within each other.
pub struct TooDeep {
    limit: usize,
    hook: &'static HookInfo,
    event: Option<String>,
    caller: Option<InnermostCall>,
}

/// Refuses the call that this thread is inside of, and that is about to run, if it is too deep.
///
/// # Errors
/// [`Error::TooDeep`].
#[inline]
pub(crate) fn check<S: HookSpec>(args: S::Args<'_>) -> Result<()> {
    check_at::<S>(reentrancy::nested(), args)
}

/// The same of a call that this thread is about to enter.
///
/// # Errors
/// [`Error::TooDeep`].
pub(crate) fn check_next<S: HookSpec>(args: S::Args<'_>) -> Result<()> {
    check_at::<S>(reentrancy::nested() + usize::from(Nesting::of_next_call() == Nesting::Nested), args)
}

#[inline]
fn check_at<S: HookSpec>(nested: usize, args: S::Args<'_>) -> Result<()> {
    let limit = S::app(args).inner.call_depth_limit;
    if nested >= limit { Err(too_deep(limit, S::INFO, S::event(args))) } else { Ok(()) }
}

#[cold]
fn too_deep(limit: usize, hook: &'static HookInfo, event: Option<&Tracked>) -> Error {
    let event = event.map(|event| event.name().to_owned());
    let caller = DEEPEST.try_with(|deepest| deepest.borrow().clone()).ok().flatten();
    Error::TooDeep(Box::new(TooDeep { limit, hook, event, caller }))
}

impl Inner {
    /// Whether the call that runs is the deepest that is let in, so that its implementations are named to what they call.
    #[inline]
    pub(crate) fn is_at_depth_limit(&self) -> bool {
        reentrancy::nested() + 1 >= self.call_depth_limit
    }
}

/// Names the implementation that runs on this thread, until it is dropped.
pub(crate) struct Named {
    outer: Option<InnermostCall>,
}

impl Named {
    #[cold]
    pub(crate) fn new(implementation: &Arc<Implementation>, event: Option<&Tracked>) -> Self {
        let event = event.map(|event| event.name().to_owned());
        Self { outer: replace(Some(InnermostCall { implementation: implementation.clone(), event })) }
    }
}

impl Drop for Named {
    #[cold]
    fn drop(&mut self) {
        replace(self.outer.take());
    }
}

/// On a thread that ends, nothing is named any more.
fn replace(caller: Option<InnermostCall>) -> Option<InnermostCall> {
    DEEPEST.try_with(|deepest| deepest.replace(caller)).ok().flatten()
}

impl TooDeep {
    /// How many calls were running within each other, which is as many as the app lets in.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// The hook that wasn't called.
    pub fn hook(&self) -> &'static HookInfo {
        self.hook
    }

    /// The event that wasn't tracked, or about which the hook wasn't called.
    pub fn event_name(&self) -> Option<&str> {
        self.event.as_deref()
    }

    /// The implementation that made the call. `None` where apps with different limits call each other.
    pub fn implementation(&self) -> Option<&Implementation> {
        self.caller.as_ref().map(|caller| &*caller.implementation)
    }
}

impl fmt::Display for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.event.as_deref().map(escape_controls);
        match event {
            Some(event) if self.hook.id() == track_event::INFO.id() => {
                write!(f, "failed to track event `{event}`: ")?;
            }
            Some(event) => write!(f, "failed to call hook `{}` for event `{event}`: ", self.hook.name())?,
            None => write!(f, "failed to call hook `{}`: ", self.hook.name())?,
        }
        write!(f, "{} calls run within each other already", self.limit)?;
        if let Some(InnermostCall { implementation, event }) = &self.caller {
            write!(f, ", and the innermost is in {implementation}")?;
            if let Some(event) = event {
                write!(f, " on event `{}`", escape_controls(event))?;
            }
        }
        f.write_str(
            "; let no implementation cause what it answers, or raise the limit with `.call_depth_limit(…)` on the builder",
        )
    }
}

impl fmt::Debug for TooDeep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TooDeep")
            .field("limit", &self.limit)
            .field("hook", &self.hook.name())
            .field("event", &self.event)
            .field("implementation", &self.implementation().map(ToString::to_string))
            .finish_non_exhaustive()
    }
}
