//! The argument of a writing closure.

use std::cell::RefCell;
use std::ops::Deref;

use chrono::{DateTime, Utc};
use event_core::plugin::Prepared;
use event_core::{Actor, App, Context, Event, EventType, IntoActor, IntoCause, Track};
use rusqlite::Connection;
use uuid::Uuid;

use crate::database::Core;
use crate::error::Result;

/// A write in progress: a connection in the middle of a transaction, and events that become tracked with it.
///
/// Derefs to rusqlite's [`Connection`]. The transaction is shared with other writes that wait at the same time, each
/// in a savepoint of its own: an error or a panic undoes this one only. So a closure can't begin, commit or roll back
/// (savepoints of its own it can have), attach a file, or set a pragma that stays. Temporary tables, views and triggers
/// are gone when it ends, and settings such as [`busy_timeout`](Connection::busy_timeout) are set back.
///
/// Two things can't be taken back. An [interrupt handle](Connection::get_interrupt_handle) that outlives the closure interrupts
/// writes and events of others. A statement in the middle of its rows that is never dropped (`mem::forget`) keeps the state that
/// it reads: the log grows, and writes can fail after another process has written. A line on standard error names the closure.
pub struct Tx<'t> {
    connection: &'t Connection,
    database: &'t Core,
    app: &'t App,
    events: RefCell<Vec<Queued>>,
}

impl<'t> Tx<'t> {
    pub(crate) fn new(connection: &'t Connection, database: &'t Core, app: &'t App) -> Self {
        Self { connection, database, app, events: RefCell::default() }
    }

    /// The database that is written to.
    pub(crate) fn database(&self) -> &Core {
        self.database
    }

    /// Tracks an event with this write: it happens when the write is committed. If the write fails, it never happened.
    ///
    /// Where the store is in this database, the event is kept in the same transaction, so that neither
    /// exists without the other. Its other implementations run after the commit, in the order of the calls, and see what
    /// was written; [`Written`](crate::Written) says how they ended.
    ///
    /// The event's time is the end of the closure, unless [`at`](TrackedInTx::at) says another.
    ///
    /// # Errors
    /// When the app doesn't know the event.
    pub fn track<E: Event>(&self, event: E) -> Result<TrackedInTx<'_>> {
        if self.app.event_type(EventType::of::<E>().name()).is_none() {
            return match self.app.track(event).prepare() {
                Err(error) => Err(error.into()),
                Ok(_) => unreachable!("an app describes every event that it knows"),
            };
        }
        let prepare = |app: &App, said: Said| {
            let mut track = app.track(event).by(said.actor);
            if let Some(created) = said.created {
                track = track.at(created);
            }
            if let Some(id) = said.id {
                track = track.id(id);
            }
            said.contexts.into_iter().fold(track, Track::context).prepare()
        };
        let mut events = self.events.borrow_mut();
        events.push(Queued { prepare: Box::new(prepare), said: Said::default() });
        Ok(TrackedInTx { events: &self.events, index: events.len() - 1 })
    }

    /// What was tracked, in order.
    pub(crate) fn into_events(self) -> Result<Vec<Prepared>> {
        let events = self.events.into_inner().into_iter();
        events.map(|event| Ok((event.prepare)(self.app, event.said)?)).collect()
    }
}

impl Deref for Tx<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("events", &self.events.borrow().len()).finish_non_exhaustive()
    }
}

/// An event that waits for the end of its closure, of any type.
struct Queued {
    prepare: Box<Prepare>,
    said: Said,
}

type Prepare = dyn FnOnce(&App, Said) -> event_core::Result<Prepared>;

/// What the closure said about an event.
#[derive(Default)]
struct Said {
    actor: Option<Actor>,
    created: Option<DateTime<Utc>>,
    id: Option<Uuid>,
    /// Each part of a later one wins.
    contexts: Vec<Context>,
}

/// An event that is tracked in a write, for more details: `tx.track(event)?.by(actor)`.
pub struct TrackedInTx<'t> {
    events: &'t RefCell<Vec<Queued>>,
    index: usize,
}

impl TrackedInTx<'_> {
    /// Who caused it: an [`Actor`], a reference to one, an `Option`, or a text, which is the actor's `id`.
    #[expect(clippy::return_self_not_must_use, reason = "the event is tracked, whatever is said of it")]
    pub fn by(self, actor: impl IntoActor) -> Self {
        self.say(|said| said.actor = actor.into_actor())
    }

    /// When it happened, for imports and tests.
    #[expect(clippy::return_self_not_must_use, reason = "the event is tracked, whatever is said of it")]
    pub fn at(self, created: DateTime<Utc>) -> Self {
        self.say(|said| said.created = Some(created))
    }

    /// Its id, for imports and tests.
    #[expect(clippy::return_self_not_must_use, reason = "the event is tracked, whatever is said of it")]
    pub fn id(self, id: Uuid) -> Self {
        self.say(|said| said.id = Some(id))
    }

    /// Its context: trace, request, tenant. Each part given here wins over the [`Scope`](event_core::Scope) in which the write
    /// was called for.
    #[expect(clippy::return_self_not_must_use, reason = "the event is tracked, whatever is said of it")]
    pub fn context(self, context: Context) -> Self {
        self.say(|said| said.contexts.push(context))
    }

    /// The event that led to this one: a reference to it, to its receipt, or its id. Inside of a durable call it is the event that
    /// is delivered, without this.
    #[expect(clippy::return_self_not_must_use, reason = "the event is tracked, whatever is said of it")]
    pub fn caused_by(self, event: impl IntoCause) -> Self {
        self.context(Context::new().with_cause(event))
    }

    fn say(self, say: impl FnOnce(&mut Said)) -> Self {
        say(&mut self.events.borrow_mut()[self.index].said);
        self
    }
}

impl std::fmt::Debug for TrackedInTx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TrackedInTx")
    }
}
