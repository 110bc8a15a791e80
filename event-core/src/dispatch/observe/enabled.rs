//! The spans and events for `tracing`, with the feature of that name: a span `event` around each tracked event, a span
//! `implementation` around each call of an implementation, and an error event for each failure.

use std::future::Future;
use std::time::Duration;

use tracing::instrument::Instrument;
use tracing::level_filters::LevelFilter;
use tracing::{Span, field};

use crate::dispatch::error::{Error, Result};
use crate::dispatch::implementation::Implementation;
use crate::dispatch::observe::{Began, CallEnd};
use crate::dispatch::receipt::Receipt;
use crate::event::tracked::Tracked;

/// Whether a subscriber may be interested.
#[inline]
pub(crate) fn may_be_heard() -> bool {
    LevelFilter::current() != LevelFilter::OFF
}

/// The span around a call of an implementation.
pub(crate) struct CallSpan(Span);

/// The span of a call, entered for as long as this lives.
pub(crate) type EnteredSpan<'a> = tracing::span::Entered<'a>;

impl CallSpan {
    pub(crate) fn of(implementation: &Implementation) -> Self {
        Self(tracing::info_span!(
            target: "event_core",
            "implementation",
            hook = implementation.hook().name(),
            name = implementation.path(),
            plugin = implementation.plugin(),
            outcome = field::Empty,
            duration_us = field::Empty,
        ))
    }

    pub(crate) fn enter(&self) -> EnteredSpan<'_> {
        self.0.enter()
    }

    pub(crate) fn end(&self, end: &CallEnd<'_>, elapsed: Duration) {
        let outcome = match end {
            CallEnd::Value => "value",
            CallEnd::NoValue => "no value",
            CallEnd::Failed(failure) => {
                let line = failure.to_line();
                if self.0.is_disabled() {
                    // If this span is filtered out, the parent is the span around the call, such as a request's.
                    tracing::error!(target: "event_core", "{line}");
                } else {
                    tracing::error!(target: "event_core", parent: &self.0, "{line}");
                }
                "failed"
            }
            CallEnd::Cancelled => "cancelled",
        };
        record_end(&self.0, outcome, elapsed);
    }
}

/// The span around a tracked event. Its outcome is recorded at the end.
pub(crate) struct EventSpan {
    span: Span,
    /// `None` if no subscriber is interested.
    began: Option<Began>,
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
        let began = (!span.is_disabled()).then(Began::now);
        Self { span, began, outcome: "cancelled" }
    }

    pub(crate) fn in_scope<T>(&self, call: impl FnOnce() -> T) -> T {
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
        if let Some(began) = &self.began {
            record_end(&self.span, self.outcome, began.elapsed());
        }
    }
}

fn record_end(span: &Span, outcome: &str, elapsed: Duration) {
    span.record("outcome", outcome);
    span.record("duration_us", u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX));
}
