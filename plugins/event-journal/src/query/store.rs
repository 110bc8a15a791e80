//! The events that an app keeps, whatever keeps them.

use std::panic::Location;
use std::sync::Arc;

use event_core::{App, EventType, Record};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::query::ending::Ending;
use crate::query::events::Events;
use crate::query::stored::{ReadBack, ReadRecord, Stored, StoredOf};
use crate::waiting::{ReportLate, Waiting, report_late};

/// The events that an app keeps in its journal: `app.store()`. A cheap clone.
///
/// ```
/// use event_core::prelude::*;
/// use event_journal::{JournalExt, MemoryJournal};
///
/// #[derive(Event, serde::Deserialize)]
/// struct BanUser {
///     user: String,
/// }
///
/// # let app = event_journal::testing::app(&MemoryJournal::new()).event::<BanUser>().start().wait()?;
/// for user in ["mallory", "eve"] {
///     app.track(BanUser { user: user.into() }).by(Actor::new("root")).wait()?;
/// }
/// let store = app.store()?;
/// let latest = store.events().name("ban-*").actor("root").newest_first().limit(10).list().wait()?;
/// assert_eq!(latest[0].properties["user"], "eve");
/// assert_eq!(store.find(latest[0].id).wait()?, Some(latest[0].clone()));
///
/// for ban in store.events_of::<BanUser>().stream().wait() {
///     let ban = ban?;
///     println!("{}: {} was banned by {:?}", ban.seq, ban.user, ban.actor);
/// }
/// # app.shutdown().wait()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Store {
    /// Its journal may need it, and holds it only weakly.
    app: App,
    journal: Arc<dyn Journal>,
    ending: Arc<Ending>,
}

impl Store {
    pub(crate) fn new(app: App, journal: Arc<dyn Journal>, ending: Arc<Ending>) -> Self {
        Self { app, journal, ending }
    }

    /// The events that are kept, of any type.
    pub fn events(&self) -> Events {
        Events::new(self.clone(), |seq, record| Ok(Stored { seq, record }))
    }

    /// The events of type `E`, which must also derive serde's `Deserialize`. The attributes that write a field are read
    /// with the same meaning; an event that isn't what `E` reads, such as one of an older version, is an error of that
    /// event.
    pub fn events_of<E: ReadBack>(&self) -> Events<StoredOf<E>> {
        Events::new(self.clone(), StoredOf::from_record).name(EventType::of::<E>().name())
    }

    /// The event with this id, if there is one.
    ///
    /// # Errors
    /// When the journal can't be read. [`Error::Unreadable`] when what is stored there isn't an event.
    #[track_caller]
    pub fn find(&self, id: Uuid) -> Waiting<Option<Stored>, Error> {
        let store = self.clone();
        Waiting::on(self.reads(), Location::caller(), async move {
            match store.journal.find(id).await {
                Ok(None) => Ok(None),
                Ok(Some(entry)) => match entry.event {
                    Ok(record) => Ok(Some(Stored { seq: entry.seq, record })),
                    Err(unreadable) => Err(store.unreadable(entry.seq, unreadable.reason)),
                },
                Err(cause) => Err(store.failed(cause)),
            }
        })
    }

    pub(crate) fn read_as<T>(&self, read: ReadRecord<T>, seq: u64, record: Record) -> Result<T> {
        read(seq, record).map_err(|cause| self.unreadable(seq, cause.to_string()))
    }

    pub(crate) fn unreadable(&self, seq: u64, reason: String) -> Error {
        Error::Unreadable { place: self.journal.place(), seq, reason }
    }

    pub(crate) fn failed(&self, cause: crate::journal::Error) -> Error {
        Error::Journal { place: self.journal.place(), cause }
    }

    pub(crate) fn journal(&self) -> &Arc<dyn Journal> {
        &self.journal
    }

    pub(crate) fn ending(&self) -> &Arc<Ending> {
        &self.ending
    }

    /// What a call that reads waits for.
    pub(crate) fn reads(&self) -> Arc<dyn ReportLate> {
        Arc::new(LateRead(self.journal.clone()))
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("app", &self.app)
            .field("journal", &self.journal.place())
            .finish_non_exhaustive()
    }
}

struct LateRead(Arc<dyn Journal>);

impl ReportLate for LateRead {
    fn report_late(&self, place: &Location<'_>) {
        report_late(&self.0.place(), place, &self.0.waits_for());
    }
}
