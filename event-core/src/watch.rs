//! Who is told of each call of an implementation: the app's observers, and `tracing` with the feature of that name.

use std::fmt;
use std::time::{Duration, Instant};

use crate::app::Inner;
use crate::failure::Failure;
use crate::implementation::Implementation;
use crate::tracked::Tracked;

/// Is told before and after each call of an implementation, for metrics and logs. Given to
/// [`AppBuilder::observer`](crate::AppBuilder::observer).
///
/// It runs on the thread of the call, between the implementations: be quick. A panic in it is a line on standard
/// error and fails nothing. To change what happens, write a wrapper.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use event_core::{App, CallEnd, Observer, ObservedCall};
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
    /// Who is called.
    pub implementation: &'a Implementation,
    /// What event it is about, if the hook is about one.
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
    /// It had none to give: `None`.
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

/// When something began. Where there is no system there is no clock for it, and nothing takes any time.
struct Began(Option<Instant>);

impl Began {
    fn now() -> Self {
        let has_clock = !cfg!(all(target_family = "wasm", target_os = "unknown"));
        Self(has_clock.then(Instant::now))
    }

    fn elapsed(&self) -> Duration {
        self.0.map_or(Duration::ZERO, |began| began.elapsed())
    }
}

/// One call that somebody watches. Dropped before its end, it was cancelled.
pub(crate) struct Watched<'a> {
    app: &'a Inner,
    call: ObservedCall<'a>,
    began: Began,
    ended: bool,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Inner {
    /// Whether anybody watches calls.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        #[cfg(feature = "tracing")]
        if tracing::level_filters::LevelFilter::current() != tracing::level_filters::LevelFilter::OFF {
            return true;
        }
        !self.observers.is_empty()
    }
}

impl<'a> Watched<'a> {
    /// `None` if nobody watches.
    pub(crate) fn begin(
        app: &'a Inner,
        implementation: &'a Implementation,
        event: Option<&'a Tracked>,
    ) -> Option<Self> {
        if !app.is_watched() {
            return None;
        }
        let call = ObservedCall { implementation, event, elapsed: Duration::ZERO };
        for observer in &app.observers {
            guarded(|| observer.before(&call));
        }
        #[cfg(feature = "tracing")]
        let span = trace::implementation(implementation);
        Some(Self {
            app,
            call,
            began: Began::now(),
            ended: false,
            #[cfg(feature = "tracing")]
            span,
        })
    }

    pub(crate) fn end(mut self, end: &CallEnd<'_>) {
        self.tell(end);
    }

    fn tell(&mut self, end: &CallEnd<'_>) {
        self.ended = true;
        self.call.elapsed = self.began.elapsed();
        for observer in &self.app.observers {
            guarded(|| observer.after(&self.call, end));
        }
        #[cfg(feature = "tracing")]
        trace::end(&self.span, end, self.call.elapsed);
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.tell(&CallEnd::Cancelled);
        }
    }
}

/// An observer that panics mustn't look like an implementation that does.
fn guarded(told: impl FnOnce()) {
    use std::io::Write;
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(told)).is_err() {
        let _ = std::io::stderr().write_all(b"event-core: an observer panicked\n");
    }
}

#[cfg(feature = "tracing")]
mod trace {
    //! The spans: `event` around each tracked event, `implementation` around each call.

    use std::time::Duration;

    use tracing::{Span, field};

    use super::CallEnd;
    use crate::implementation::Implementation;

    pub(super) fn implementation(it: &Implementation) -> Span {
        tracing::info_span!(
            target: "event_core",
            "implementation",
            hook = it.hook().name(),
            name = it.path(),
            plugin = it.plugin(),
            outcome = field::Empty,
            duration_us = field::Empty,
        )
    }

    pub(super) fn end(span: &Span, end: &CallEnd<'_>, elapsed: Duration) {
        let outcome = match end {
            CallEnd::Value => "value",
            CallEnd::NoValue => "no value",
            CallEnd::Failed(failure) => {
                tracing::error!(target: "event_core", parent: span, "{}", failure.to_line());
                "failed"
            }
            CallEnd::Cancelled => "cancelled",
        };
        span.record("outcome", outcome);
        span.record("duration_us", u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
    }
}

#[cfg(feature = "tracing")]
pub(crate) use with_tracing::{Entered, EventSpan};
#[cfg(not(feature = "tracing"))]
pub(crate) use without_tracing::{Entered, EventSpan};

#[cfg(feature = "tracing")]
mod with_tracing {
    use std::future::Future;

    use tracing::instrument::Instrument;
    use tracing::{Span, field};

    use super::{Began, Watched};
    use crate::error::{Error, Result};
    use crate::receipt::Receipt;
    use crate::tracked::Tracked;

    /// The span around a tracked event. It learns how that went when it is dropped.
    pub(crate) struct EventSpan {
        span: Span,
        began: Began,
        outcome: &'static str,
    }

    impl EventSpan {
        pub(crate) fn of(event: &Tracked) -> Self {
            let span = tracing::info_span!(
                target: "event_core",
                "event",
                name = event.name(),
                id = field::Empty,
                outcome = field::Empty,
                duration_us = field::Empty,
            );
            if !span.is_disabled() {
                span.record("id", field::display(event.id()));
            }
            Self { span, began: Began::now(), outcome: "cancelled" }
        }

        pub(crate) fn run<T>(&self, call: impl FnOnce() -> T) -> T {
            self.span.in_scope(call)
        }

        pub(crate) async fn around<F: Future>(&self, call: F) -> F::Output {
            call.instrument(self.span.clone()).await
        }

        pub(crate) fn end(mut self, receipt: &Result<Receipt>) {
            self.outcome = match receipt {
                Ok(receipt) if receipt.stopped_by().is_some() => "stopped",
                Ok(_) => "tracked",
                Err(Error::Refused(_)) => "refused",
                Err(_) => "failed",
            };
        }
    }

    impl Drop for EventSpan {
        fn drop(&mut self) {
            self.span.record("outcome", self.outcome);
            let elapsed = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.span.record("duration_us", elapsed);
        }
    }

    /// The span of a call, entered for as long as this lives.
    pub(crate) struct Entered<'a>(
        #[expect(dead_code, reason = "it is there to be dropped")] Option<tracing::span::Entered<'a>>,
    );

    impl<'a> Entered<'a> {
        pub(crate) fn enter(watched: Option<&'a Watched<'_>>) -> Self {
            Self(watched.map(|watched| watched.span.enter()))
        }
    }
}

#[cfg(not(feature = "tracing"))]
mod without_tracing {
    //! Nothing, at no cost.

    use std::future::Future;

    use super::Watched;
    use crate::error::Result;
    use crate::receipt::Receipt;
    use crate::tracked::Tracked;

    pub(crate) struct EventSpan;

    impl EventSpan {
        pub(crate) fn of(_: &Tracked) -> Self {
            Self
        }

        #[expect(clippy::unused_self, reason = "the same as with the feature")]
        pub(crate) fn run<T>(&self, call: impl FnOnce() -> T) -> T {
            call()
        }

        #[expect(clippy::unused_self, reason = "the same as with the feature")]
        pub(crate) fn around<F: Future>(&self, call: F) -> F {
            call
        }

        #[expect(clippy::unused_self, reason = "the same as with the feature")]
        pub(crate) fn end(self, _: &Result<Receipt>) {}
    }

    pub(crate) struct Entered;

    impl Entered {
        pub(crate) fn enter(_: Option<&Watched<'_>>) -> Self {
            Self
        }
    }
}
