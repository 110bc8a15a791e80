//! Reports each call of an implementation to the app's observers, and to `tracing` with the feature of that name.

#[cfg(not(feature = "tracing"))]
pub(crate) mod disabled;
#[cfg(feature = "tracing")]
pub(crate) mod enabled;

#[cfg(not(feature = "tracing"))]
pub(crate) use self::disabled as spans;
#[cfg(feature = "tracing")]
pub(crate) use self::enabled as spans;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use self::spans::CallSpan;
use crate::dispatch::call_depth::Named;
use crate::dispatch::failure::{self, Failure};
use crate::dispatch::host::Inner;
use crate::dispatch::implementation::Implementation;
use crate::event::foreign;
use crate::event::tracked::Tracked;

/// Called before and after each call of an implementation, for metrics and logs. Given to
/// [`AppBuilder::observer`](crate::AppBuilder::observer), or by a plugin's implementation of
/// [`register_observers`](crate::register_observers).
///
/// It runs on the thread of the call, between the implementations: be quick. A panic in it is a line on standard
/// error, and the call goes on. To change what happens, write a wrapper.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use event_core::observe::{CallEnd, Observer, ObservedCall};
/// use event_core::App;
///
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn after(&self, call: &ObservedCall<'_>, end: &CallEnd<'_>) {
///         if let CallEnd::Failed(_) = end {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let builder = App::builder().observer(Failures(AtomicU64::new(0)));
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Whether it observes this call; by default, every call.
    ///
    /// Called before a clock is read: a call that no observer wants isn't measured.
    fn wants(&self, implementation: &Implementation, event: Option<&Tracked>) -> bool {
        let _ = (implementation, event);
        true
    }

    /// The implementation is about to be called.
    fn before(&self, call: &ObservedCall<'_>) {
        let _ = call;
    }

    /// The call is over, in one of several ways.
    fn after(&self, call: &ObservedCall<'_>, end: &CallEnd<'_>) {
        let _ = (call, end);
    }
}

/// A call of an implementation, as an [`Observer`] sees it.
#[non_exhaustive]
pub struct ObservedCall<'a> {
    /// The implementation that is called.
    pub implementation: &'a Implementation,
    /// The event, if the hook is about one.
    pub event: Option<&'a Tracked>,
    /// How long it took; zero before it began.
    pub elapsed: Duration,
}

/// How a call of an implementation ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallEnd<'a> {
    /// It has a result; for a wrapper, an outcome.
    Value,
    /// It returned `None`.
    NoValue,
    /// It returned an error or panicked.
    Failed(&'a Failure),
    /// The caller dropped the call while the implementation waited.
    Cancelled,
}

impl fmt::Debug for ObservedCall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObservedCall")
            .field("implementation", &self.implementation.path())
            .field("event", &self.event)
            .field("elapsed", &self.elapsed)
            .finish()
    }
}

/// When something began. Without an operating system there is no clock, and every duration is zero.
pub(crate) struct Began(Option<Instant>);

impl Began {
    /// For calls that no observer measures.
    const UNKNOWN: Self = Self(None);

    pub(crate) fn now() -> Self {
        let has_clock = !cfg!(all(target_family = "wasm", target_os = "unknown"));
        Self(has_clock.then(Instant::now))
    }

    /// Whether there is a clock.
    pub(crate) fn is_known(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.map_or(Duration::ZERO, |began| began.elapsed())
    }
}

/// Reports the steps of a call to its observers, one after the other. A drop within a step reports it as cancelled.
pub(crate) enum CallObserver<'a> {
    /// Has no observers.
    Unobserved,
    BetweenSteps(&'a Inner),
    InStep(ObservedStep<'a>),
}

/// A step that has begun.
pub(crate) struct ObservedStep<'a> {
    app: &'a Inner,
    call: ObservedCall<'a>,
    wanting: Wanting,
    began: Began,
    ended: bool,
    span: CallSpan,
    /// Set if calls within this implementation need its name.
    caller: Option<&'a Arc<Implementation>>,
}

/// While an implementation that is observed runs on this thread.
pub(crate) struct EnteredStep<'a> {
    _span: spans::EnteredSpan<'a>,
    _named: Option<Named>,
}

impl Inner {
    /// Whether an observer or a subscriber of `tracing` may be told of calls, or the caller must be known.
    #[inline]
    pub(crate) fn is_observed(&self) -> bool {
        self.is_always_observed() || spans::may_be_heard() || self.is_at_depth_limit()
    }

    /// Whether every call is observed, also one that is in no other.
    #[inline]
    pub(crate) fn is_always_observed(&self) -> bool {
        self.is_always_observed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_observers(&self, observers: impl Iterator<Item = Box<dyn Observer>>) {
        let observers: Vec<_> = observers.collect();
        self.is_always_observed.fetch_or(!observers.is_empty(), Ordering::Relaxed);
        assert!(self.observers.set(observers).is_ok(), "an app is started once");
    }
}

impl<'a> CallObserver<'a> {
    #[inline]
    pub(crate) fn of(app: &'a Inner) -> Self {
        if app.is_observed() { Self::BetweenSteps(app) } else { Self::Unobserved }
    }

    pub(crate) fn begin_step(&mut self, implementation: &'a Arc<Implementation>, event: Option<&'a Tracked>) {
        let Self::BetweenSteps(app) = *self else { return };
        // Subscribers of `tracing` come and go.
        if app.is_observed()
            && let Some(step) = ObservedStep::begin(app, implementation, event)
        {
            *self = Self::InStep(step);
        }
    }

    /// While the implementation runs on this thread, its span is the current one.
    #[inline]
    pub(crate) fn enter_step(&self) -> Option<EnteredStep<'_>> {
        match self {
            Self::Unobserved | Self::BetweenSteps(_) => None,
            Self::InStep(step) => Some(step.enter()),
        }
    }

    #[inline]
    pub(crate) fn end_step(&mut self, end: &CallEnd<'_>) {
        if let Self::InStep(step) = self {
            let app = step.app;
            step.tell(end);
            *self = Self::BetweenSteps(app);
        }
    }
}

impl<'a> ObservedStep<'a> {
    /// `None` if no observer wants to know of this step.
    fn begin(
        app: &'a Inner,
        implementation: &'a Arc<Implementation>,
        event: Option<&'a Tracked>,
    ) -> Option<Self> {
        let wanting = Wanting::ask(app, implementation, event);
        let caller = app.is_at_depth_limit().then_some(implementation);
        let is_measured = !wanting.is_empty() || spans::may_be_heard();
        if !is_measured && caller.is_none() {
            return None;
        }
        let call = ObservedCall { implementation, event, elapsed: Duration::ZERO };
        for observer in wanting.of(app) {
            guarded(|| observer.before(&call));
        }
        let span = CallSpan::of(implementation);
        let began = if is_measured { Began::now() } else { Began::UNKNOWN };
        Some(Self { app, call, wanting, began, ended: false, span, caller })
    }

    fn enter(&self) -> EnteredStep<'_> {
        let named = self.caller.map(|caller| Named::new(caller, self.call.event));
        EnteredStep { _named: named, _span: self.span.enter() }
    }

    fn tell(&mut self, end: &CallEnd<'_>) {
        self.ended = true;
        self.call.elapsed = self.began.elapsed();
        for observer in self.wanting.of(self.app) {
            guarded(|| observer.after(&self.call, end));
        }
        self.span.end(end, self.call.elapsed);
    }
}

impl Drop for ObservedStep<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(&CallEnd::Cancelled);
        }
    }
}

/// Which of an app's observers want to be told of a call, in their order.
#[derive(Default)]
struct Wanting {
    /// The first 64, each a bit: hardly an app has more, and so nothing is allocated.
    first: u64,
    rest: Vec<bool>,
}

impl Wanting {
    fn ask(app: &Inner, implementation: &Implementation, event: Option<&Tracked>) -> Self {
        let mut wanting = Self::default();
        for (at, observer) in app.observers.get().into_iter().flatten().enumerate() {
            // An observer that panics isn't called again for this call.
            let mut wants = false;
            guarded(|| wants = observer.wants(implementation, event));
            match 1_u64.checked_shl(u32::try_from(at).unwrap_or(u32::MAX)) {
                Some(bit) => wanting.first |= if wants { bit } else { 0 },
                None => wanting.rest.push(wants),
            }
        }
        wanting
    }

    fn is_empty(&self) -> bool {
        self.first == 0 && !self.rest.contains(&true)
    }

    fn of<'a>(&self, app: &'a Inner) -> impl Iterator<Item = &'a dyn Observer> {
        let first = (0..u64::BITS).map(|at| self.first & (1 << at) != 0);
        let wanting = first.chain(self.rest.iter().copied());
        let observers = app.observers.get().into_iter().flatten();
        observers.zip(wanting).filter(|(_, wants)| *wants).map(|(observer, _)| &**observer)
    }
}

/// A panic of an observer mustn't look like one of an implementation.
fn guarded(told: impl FnOnce()) {
    if foreign::catch(told).is_err() {
        failure::say("an observer panicked");
    }
}
