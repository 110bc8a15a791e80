//! The way of one event from `track` to its receipt.

use std::any::TypeId;
use std::future::IntoFuture;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::actor::Actor;
use crate::app::App;
use crate::builtin::track_event;
use crate::call::{self, CallFuture, Callable};
use crate::dispatch::{self, Ran};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::gate::Running;
use crate::plan::Plan;
use crate::receipt::Receipt;
use crate::spans::EventSpan;
use crate::tracked::{Envelope, TrackedOf};

/// An event that is about to be tracked: `.await` it, or `.wait()` without a runtime.
#[must_use = "an event is tracked when this is awaited, or with `.wait()`"]
pub struct Track<'a, E> {
    /// `None` where the default app was meant and there is none.
    app: Option<&'a App>,
    event: E,
    envelope: Envelope,
}

impl<'a, E: Event> Track<'a, E> {
    pub(crate) fn new(app: Option<&'a App>, event: E) -> Self {
        Self { app, event, envelope: Envelope::default() }
    }

    /// Who caused it: an [`Actor`], a reference to one, or an `Option`.
    pub fn by(mut self, actor: impl Into<Option<Actor>>) -> Self {
        self.envelope.actor = actor.into();
        self
    }

    /// When it happened, for imports and tests. Without it: when the call starts to run.
    pub fn at(mut self, created: DateTime<Utc>) -> Self {
        self.envelope.created = Some(created);
        self
    }

    /// Its id, for imports and tests. Without it: a `UUIDv7` of its time.
    pub fn id(mut self, id: Uuid) -> Self {
        self.envelope.id = Some(id);
        self
    }

    /// Tracks the event and waits on this thread, for code without an async runtime.
    ///
    /// On the own thread of a single-threaded runtime this deadlocks when an implementation waits for that
    /// runtime: `.await` there.
    ///
    /// # Errors
    /// Those of [`App::track`].
    pub fn wait(self) -> Result<Receipt> {
        call::wait(self)
    }
}

impl<'a, E: Event> Callable<'a> for Track<'a, E> {
    type Spec = track_event;
    type Answer = Receipt;

    fn app(&self) -> Result<&'a App> {
        self.app.ok_or_else(|| Error::NoDefaultApp { name: self.event.event_type().name() })
    }

    fn plan(&self) -> Result<Option<&'a Plan<track_event>>> {
        let known =
            self.app()?.inner.listeners.get().and_then(|known| known.get(&TypeId::of::<TrackedOf<E>>()));
        match known {
            Some(plan) => Ok(Some(plan)),
            None => Err(Error::UnknownEvent {
                name: self.event.event_type().name(),
                rust_type: std::any::type_name::<E>(),
            }),
        }
    }

    /// A recorder notices what no implementation hears.
    fn is_unheard(&self, plan: &Plan<track_event>) -> bool {
        plan.is_empty() && self.app.is_none_or(|app| app.inner.recorder.get().is_none())
    }

    /// No clock, no id, no allocation.
    fn unheard(mut self) -> Result<Receipt> {
        self.app()?.inner.fixed.complete(&mut self.envelope);
        Ok(Receipt::unheard(self.envelope.id, self.envelope.created))
    }

    #[inline]
    fn run_ready(mut self, plan: &'a Plan<track_event>) -> Result<Receipt> {
        let app = self.app()?;
        app.inner.fixed.complete(&mut self.envelope);
        let event = TrackedOf::new(self.event, self.envelope);
        let span = EventSpan::of(&event);
        let ran = span.run(|| dispatch::run_ready(plan, track_event::args(app, &event)));
        let receipt = receipt(&event, app, ran, span);
        record(event, app, &receipt);
        receipt
    }

    async fn run(mut self, plan: &'a Plan<track_event>, _running: Running<'a>) -> Result<Receipt> {
        let app = self.app()?;
        app.inner.fixed.complete(&mut self.envelope);
        let event = TrackedOf::new(self.event, self.envelope);
        let span = EventSpan::of(&event);
        let ran = span.around(dispatch::run(plan, track_event::args(app, &event))).await;
        let receipt = receipt(&event, app, ran, span);
        record(event, app, &receipt);
        receipt
    }
}

#[inline]
fn receipt<E: Event>(
    event: &TrackedOf<E>,
    app: &App,
    ran: Ran<track_event>,
    span: EventSpan,
) -> Result<Receipt> {
    let receipt = match app.inner.report(ran.outcome) {
        Ok(outcome) => {
            Ok(Receipt::new(event.id_so_far(), event.promised(), outcome.failures, ran.stopped_by))
        }
        Err(error) => Err(error),
    };
    span.end(&receipt);
    receipt
}

#[inline]
fn record<E: Event>(event: TrackedOf<E>, app: &App, receipt: &Result<Receipt>) {
    if let Some(recorder) = app.inner.recorder.get()
        && receipt.is_ok()
    {
        recorder.add(Arc::new(event));
    }
}

impl<'a, E: Event> IntoFuture for Track<'a, E> {
    type Output = Result<Receipt>;
    type IntoFuture = CallFuture<'a, Self, Receipt>;

    fn into_future(self) -> Self::IntoFuture {
        CallFuture::new(self)
    }
}

impl<E: Event> std::fmt::Debug for Track<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Track").field(&self.event.event_type().name()).finish()
    }
}
