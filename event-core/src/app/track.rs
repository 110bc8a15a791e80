//! The way of one event from `track` to its receipt.

use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::app::prepared::Prepared;
use crate::app::scope;
use crate::dispatch::blocking;
use crate::dispatch::builtin::track_event;
use crate::dispatch::call::{CallFuture, Callable};
use crate::dispatch::call_depth;
use crate::dispatch::error::{Error, Result};
use crate::dispatch::execute::{self, EnteredCall, Notable};
use crate::dispatch::host::App;
use crate::dispatch::in_flight::Running;
use crate::dispatch::listeners::Listeners;
use crate::dispatch::observe::spans::EventSpan;
use crate::dispatch::pending::WaitPlace;
use crate::dispatch::plan::Plan;
use crate::dispatch::receipt::Receipt;
use crate::dispatch::reentrancy::Nesting;
use crate::event::actor::IntoActor;
use crate::event::cause::IntoCause;
use crate::event::context::Context;
use crate::event::envelope::{Envelope, Said};
use crate::event::event_type::Event;
use crate::event::foreign::Guarded;
use crate::event::tracked::{AnyTracked, Tracked, TrackedOf};

/// An event that is about to be tracked: `.await` it, or `.wait()` without a runtime.
///
/// It is a future itself, so `join!`, a timeout and a runtime's `spawn` take it. A task that is spawned owns what it
/// uses: `spawn(event_core::track(event))` with the [installed](App::install) app; with another, a clone of that goes
/// into the task.
///
/// ```
/// # use event_core::prelude::*;
/// # #[derive(Event)]
/// # struct BanUser { user: String }
/// # fn spawn(_: impl Future<Output = event_core::Result<Receipt>> + Send + 'static) {}
/// # let app = App::builder().without_linked().event::<BanUser>().start().wait()?;
/// spawn({
///     let app = app.clone();
///     async move { app.track(BanUser { user: "mallory".into() }).await }
/// });
/// # Ok::<_, event_core::Error>(())
/// ```
#[must_use = "an event is tracked when this is awaited, or with `.wait()`"]
pub struct Track<'a, E> {
    call: Call<'a, E>,
    /// A function, since a reference to them would need an `E` that is `'static`.
    ways: fn() -> Ways<E>,
}

type Call<'a, E> = CallFuture<'a, Untracked<'a, E>, Receipt>;

/// How a call of this event is run.
///
/// Through these, the methods of [`Track`] exist for every `E`. With `E: Event` as their condition, the compiler would report
/// something that is no event twice: where it is tracked, and at the method that comes next.
struct Ways<E> {
    prepare: fn(Call<'_, E>) -> Result<Prepared>,
    wait: fn(Call<'_, E>, WaitPlace) -> Result<Receipt>,
    poll: fn(&mut Call<'_, E>, &mut TaskContext<'_>) -> Poll<Result<Receipt>>,
}

/// An event that isn't tracked yet.
struct Untracked<'a, E> {
    /// `None` if there is no default app to track it in.
    app: Option<&'a App>,
    event: E,
    said: Said,
}

impl App {
    /// Says that this happened. `.await` it, or `.wait()` without a runtime; nothing happens before.
    ///
    /// ```
    /// # use event_core::prelude::*;
    /// # #[derive(Event)]
    /// # struct BanUser { user: String }
    /// # let app = App::builder().without_linked().event::<BanUser>().start().wait()?;
    /// let receipt = app.track(BanUser { user: "mallory".into() }).by(Actor::new("root")).wait()?;
    /// println!("tracked {}", receipt.id());
    /// # Ok::<_, event_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// An error means that the event isn't tracked: [`Error::UnknownEvent`], [`Error::ShutDown`], [`Error::ShutdownDropped`],
    /// [`Error::Refused`] when an `essential` implementation failed, and for `.wait()` inside an implementation
    /// [`Error::WouldBlock`]. Every other failure is in the [`Receipt`](crate::Receipt).
    pub fn track<E: Event>(&self, event: E) -> Track<'_, E> {
        Track::new(Some(self), event)
    }
}

impl<'a, E> Track<'a, E> {
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "so that the compiler sees which functions these are")]
    pub(crate) fn new(app: Option<&'a App>, event: E) -> Self
    where
        E: Event,
    {
        Self {
            call: CallFuture::new(Untracked { app, event, said: Said::default() }),
            ways: || Ways { prepare, wait, poll: |call, context| Pin::new(call).poll(context) },
        }
    }

    /// What the caller says about the event; it must come before the first poll.
    fn said(&mut self) -> &mut Said {
        &mut self.call.call().expect(TOO_LATE).said
    }

    /// Who caused it: an [`Actor`](crate::Actor), a reference to one, an `Option`, or a text, which is the actor's `id`.
    pub fn by(mut self, actor: impl IntoActor) -> Self {
        self.said().actor = actor.into_actor();
        self
    }

    /// When it happened, for imports and tests. Without it: when the call starts to run.
    ///
    /// A time outside of the years 0 to 9999, where RFC 3339 ends, or in a leap second, which no clock counts, is
    /// [`Error::Envelope`].
    pub fn at(mut self, created: DateTime<Utc>) -> Self {
        self.said().given.get_or_insert_default().created = Some(created);
        self
    }

    /// Its id, for imports and tests. Without it: a `UUIDv7` of its time.
    pub fn id(mut self, id: Uuid) -> Self {
        self.said().given.get_or_insert_default().id = Some(id);
        self
    }

    /// Its context: trace, request, tenant. Each part given here wins over the [`Scope`](crate::Scope) that the call runs
    /// in.
    pub fn context(mut self, context: Context) -> Self {
        let given = self.said().given.get_or_insert_default();
        given.context = context.within(&given.context);
        self
    }

    /// The event that led to this one, whose id is in its [`context`](Context::cause): a reference to it, to its
    /// [`Receipt`], or its id. Inside of a durable call it is the event that is delivered, without this.
    ///
    /// ```
    /// # use event_core::prelude::*;
    /// # #[derive(Event)]
    /// # struct OrderPlaced { order: u64 }
    /// # #[derive(Event)]
    /// # struct MailSent { order: u64 }
    /// # let app = App::builder().without_linked().event::<OrderPlaced>().event::<MailSent>().start().wait()?;
    /// # let recorder = app.recorder();
    /// let placed = app.track(OrderPlaced { order: 17 }).wait()?;
    /// app.track(MailSent { order: 17 }).caused_by(&placed).wait()?;
    /// assert_eq!(recorder.last().unwrap().context().and_then(|context| context.cause()), Some(placed.id()));
    /// # Ok::<_, event_core::Error>(())
    /// ```
    pub fn caused_by(self, event: impl IntoCause) -> Self {
        self.context(Context::new().with_cause(event))
    }

    /// Accepts the event without calling its implementations yet; see [`Prepared`]. The event's time is now.
    ///
    /// # Errors
    /// Those of [`App::track`], except what an implementation can cause.
    ///
    /// # Panics
    /// When it has been polled as a future; so do [`by`](Self::by), [`at`](Self::at), [`id`](Self::id) and [`context`](Self::context).
    pub fn prepare(self) -> Result<Prepared> {
        ((self.ways)().prepare)(self.call)
    }

    /// Tracks the event and waits on this thread, for code without an async runtime.
    ///
    /// On the own thread of a single-threaded runtime this deadlocks when an implementation waits for that
    /// runtime: `.await` there. A wait of 5 seconds is a line on standard error, which names this place and the implementation
    /// that isn't ready.
    ///
    /// # Errors
    /// Those of [`App::track`].
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a frame more costs a tenth of what an event may cost")]
    #[track_caller]
    pub fn wait(self) -> Result<Receipt> {
        ((self.ways)().wait)(self.call, Location::caller())
    }
}

const TOO_LATE: &str = "an event is described before it is tracked";

fn prepare<E: Event>(call: Call<'_, E>) -> Result<Prepared> {
    let Untracked { app, event, said } = call.into_call().expect(TOO_LATE);
    let Some(app) = app else { return Err(no_default_app(&event)) };
    let plan = plan(app, &event)?.clone();
    Prepared::new(app, plan, Arc::new(complete(app, event, said)?.into_inner()))
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "as above")]
fn wait<E: Event>(call: Call<'_, E>, place: WaitPlace) -> Result<Receipt> {
    match call.into_call() {
        Ok(untracked) => Callable::block_on(untracked, place),
        Err(running) => blocking::until_ready(place, running)?,
    }
}

impl<'a, E: Event> Callable<'a> for Untracked<'a, E> {
    type Spec = track_event;
    type Output = Receipt;

    fn app(&self) -> Result<&'a App> {
        self.app.ok_or_else(|| no_default_app(&self.event))
    }

    #[inline]
    fn plan(&self, app: &'a App) -> Result<Option<&'a Plan<track_event>>> {
        Ok(Some(plan(app, &self.event)?))
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "as above")]
    fn block_on(self, place: WaitPlace) -> Result<Receipt> {
        let Self { app, event, said } = self;
        let Some(app) = app else { return Err(no_default_app(&event)) };
        let plan = plan(app, &event)?;
        let actor = match said {
            Said { actor, given: None }
                if !Said::is_fault(actor.as_ref()) && !app.inner.is_tested.load(Ordering::Acquire) =>
            {
                actor
            }
            said => return deliver_with_care(app, plan, event, said, place),
        };
        if plan.is_empty() {
            // No clock, no id, no allocation.
            app.inner.check_open()?;
            return Ok(Receipt::default());
        }
        if scope::is_used() {
            return deliver_with_care(app, plan, event, Said { actor, given: None }, place);
        }
        let event = TrackedOf::now(event, actor);
        let receipt = deliver(app, plan, &event, event.envelope(), place);
        event.end();
        receipt
    }

    async fn execute(
        self,
        app: &'a App,
        plan: &'a Plan<track_event>,
        _running: Running<'a>,
    ) -> Result<Receipt> {
        let event = complete(app, self.event, self.said)?;
        let receipt = deliver_async(app, plan, event.get(), event.get().envelope()).await?;
        record(app, || Arc::new(event.into_inner()));
        Ok(receipt)
    }
}

/// The implementations that hear the event.
#[inline]
fn plan<'a, E: Event>(app: &'a App, event: &E) -> Result<&'a Arc<Plan<track_event>>> {
    match app.inner.listeners.get().and_then(Listeners::of::<E>) {
        Some(plan) => Ok(plan),
        None => Err(unknown_event(app, event)),
    }
}

#[cold]
fn no_default_app<E: Event>(event: &E) -> Error {
    Error::NoDefaultApp { name: event.event_type().name() }
}

#[cold]
fn unknown_event<E: Event>(app: &App, event: &E) -> Error {
    let name = event.event_type().name();
    if app.inner.listeners.get().is_none() {
        return Error::NotYet { name };
    }
    Error::UnknownEvent { name, rust_type: std::any::type_name::<E>() }
}

/// The event with its envelope: what the caller said, completed by the scope and by the ids and times that the app fixes for
/// tests.
fn complete<E: Event>(app: &App, event: E, said: Said) -> Result<Guarded<TrackedOf<E>>> {
    match scope::complete(said).completed(app.inner.test_clock.as_deref()) {
        Ok(said) => Ok(Guarded::new(TrackedOf::new(event, said))),
        Err(why) => Err(Error::Envelope { name: event.event_type().name(), why: why.into() }),
    }
}

/// The uncommon ways: a given time or id (`.at`, `.id`), as in imports; a context or a scope; a test, which may fix time and id,
/// and whose recorder also keeps events without implementations; an actor that can't be written, which is refused.
#[cold]
fn deliver_with_care<E: Event>(
    app: &App,
    plan: &Plan<track_event>,
    event: E,
    said: Said,
    place: WaitPlace,
) -> Result<Receipt> {
    let event = complete(app, event, said)?;
    let receipt = deliver(app, plan, event.get(), event.get().envelope(), place)?;
    let receipt = receipt.with_given_id(event.get().envelope());
    record(app, || Arc::new(event.into_inner()));
    Ok(receipt)
}

/// Keeps a tracked event for a test that uses the recorder.
pub(crate) fn record(app: &App, event: impl FnOnce() -> Arc<dyn AnyTracked>) {
    if let Some(recorder) = app.inner.recorder.get() {
        recorder.add(event());
    }
}

/// Delivers the event to its implementations on this thread. Compiled once for events of all types.
fn deliver(
    app: &App,
    plan: &Plan<track_event>,
    event: &Tracked,
    envelope: &Envelope,
    place: WaitPlace,
) -> Result<Receipt> {
    let entered = EnteredCall::new(app)?;
    if !entered.is_simple(plan) {
        return deliver_within(entered, plan, event, envelope, place);
    }
    // Declared after `entered`, so dropped first: a pending future dies while its call still counts as running.
    let slot = pin!(None);
    let args = track_event::args(app, event);
    let ran = execute::block_on_plain_call(plan, args, slot, Nesting::Outermost, place)?;
    conclude(app, envelope, ran.notable)
}

/// The same for a call within another one, or with observers or a wrapper. Out of line: as a part of `deliver`, it costs each
/// event 11 instructions.
#[inline(never)]
#[expect(clippy::needless_pass_by_value, reason = "a reference to it would keep it in memory for every call")]
fn deliver_within(
    entered: EnteredCall<'_>,
    plan: &Plan<track_event>,
    event: &Tracked,
    envelope: &Envelope,
    place: WaitPlace,
) -> Result<Receipt> {
    let app = entered.app();
    let slot = pin!(None);
    let span = EventSpan::of(event);
    let ran = span.in_scope(|| entered.block_on_call(plan, track_event::args(app, event), slot, place));
    let receipt = ran.and_then(|ran| conclude(app, envelope, ran.notable));
    span.end(&receipt);
    receipt
}

/// The same as a future. The caller marks the thread as inside the call around each poll.
pub(crate) async fn deliver_async(
    app: &App,
    plan: &Plan<track_event>,
    event: &Tracked,
    envelope: &Envelope,
) -> Result<Receipt> {
    let args = track_event::args(app, event);
    call_depth::check::<track_event>(args)?;
    let span = EventSpan::of(event);
    let ran = span.around(execute::execute_call(plan, args)).await;
    let receipt = conclude(app, envelope, ran.notable).map(|receipt| receipt.with_given_id(envelope));
    span.end(&receipt);
    receipt
}

/// The receipt, or the failure that refused the event.
#[inline]
fn conclude(app: &App, envelope: &Envelope, notable: Option<Box<Notable>>) -> Result<Receipt> {
    match notable {
        // The common case, which has nothing to drop.
        None => Ok(Receipt::of_now(envelope)),
        Some(notable) => conclude_notable(app, Receipt::of_now(envelope), notable),
    }
}

#[cold]
fn conclude_notable(app: &App, receipt: Receipt, notable: Box<Notable>) -> Result<Receipt> {
    match app.inner.report::<track_event>(Some(notable))? {
        None => Ok(receipt),
        Some(notable) => Ok(receipt.with(*notable)),
    }
}

impl<E> Future for Track<'_, E> {
    type Output = Result<Receipt>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<Result<Receipt>> {
        let poll = (self.ways)().poll;
        poll(&mut self.call, context)
    }
}

impl<E> std::fmt::Debug for Track<'_, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Track").field(&std::any::type_name::<E>()).finish()
    }
}
