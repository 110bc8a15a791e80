//! What a journal is: a log of events, and small values that are saved by compare-and-set.

mod error;
mod filter;

use std::future::Future;
use std::pin::Pin;

use chrono::{DateTime, TimeDelta, Utc};
use event_core::{Durability, Record};
use uuid::Uuid;

pub use self::error::{Error, Result};
pub use self::filter::Filter;

/// What a journal's methods return. Each may be dropped at any time; a dropped [`append`](Journal::append) or
/// [`save`](Journal::save) is as after [`Error::Unavailable`]: it may have happened.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// A log of events in one order, and values of a few kilobytes beside it.
///
/// Who delivers to which consumer, how far that has got, what has failed: all of it is values of the delivery's, so that it
/// is the same over every journal.
pub trait Journal: Send + Sync + 'static {
    /// Where the journal is, for messages: a path, or a server and a name.
    fn place(&self) -> String;

    /// Names this log. A log that was made anew, or that replaced another one under the same name, has another identity.
    fn identity(&self) -> Pending<'_, String>;

    /// Appends events in their order; gives the seq of the last one. Durable when it is done.
    ///
    /// An event whose id is known is no second event if its name, version, actor and properties are the same; it may leave a
    /// hole in the seqs. Another event with that id is [`Error::Refused`], and then none of these events is appended.
    fn append<'a>(&'a self, events: &'a [Record]) -> Pending<'a, u64>;

    /// The seq up to which everything is decided: no event will appear at or below it any more. 0 without events.
    fn end(&self) -> Pending<'_, u64>;

    /// The events after this seq that the filter lets through, in their order: so many at most. Fewer only where there
    /// are no more, or where they are so large that they should come in parts: then `upto` is the seq of the last one.
    fn read<'a>(&'a self, after: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page>;

    /// The events before this seq that the filter lets through, the newest first: so many at most, as for [`read`](Self::read).
    /// `upto` is the seq down to which it has looked: that of the last one, or 0 where there are no more.
    fn read_back<'a>(&'a self, before: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page>;

    /// The event with this id.
    ///
    /// What a journal without an index needn't write: ids of events have a time in them, around which the log is searched first, and
    /// all of it then.
    fn find(&self, id: Uuid) -> Pending<'_, Option<Entry>> {
        Box::pin(async move {
            if let Some(time) = time_of(id) {
                let around = |by| time.checked_add_signed(TimeDelta::minutes(by));
                let filter = Filter { since: around(-1), until: around(1), ..Filter::all() };
                let found = search(self, id, &filter).await?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            search(self, id, &Filter::all()).await
        })
    }

    /// What a caller waits for who has waited long: for a line on standard error.
    fn waits_for(&self) -> String {
        "it hasn't answered".to_owned()
    }

    /// Waits until there may be an event after this seq. Returns by itself after about a second.
    fn newer(&self, than: u64) -> Pending<'_, ()>;

    /// How many events there are after this seq that the filter lets through; `most` where there are more.
    fn count<'a>(&'a self, after: u64, filter: &'a Filter, most: u64) -> Pending<'a, u64>;

    /// The value of a key.
    fn load<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Saved>>;

    /// Saves a value if its version is still `expected` (0: there is none), or removes it; gives the new version. The
    /// versions of a key never repeat, also not after it was removed. A crash of the process loses nothing; a value that is
    /// [`OnDisk`](Durability::OnDisk) survives a power loss, too.
    fn save<'a>(
        &'a self,
        key: &'a str,
        expected: u64,
        value: Option<&'a [u8]>,
        durability: Durability,
    ) -> Pending<'a, u64>;

    /// The values whose keys begin with `prefix` and sort after `after`, by key: so many at most.
    fn list<'a>(&'a self, prefix: &'a str, after: &'a str, limit: usize)
    -> Pending<'a, Vec<(String, Saved)>>;
}

/// The time in an id, if it has one.
fn time_of(id: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanoseconds) = id.get_timestamp().filter(|_| id.get_version_num() == 7)?.to_unix();
    DateTime::from_timestamp(seconds.try_into().ok()?, nanoseconds)
}

/// Reads from the newest on until it finds the id.
async fn search<J: Journal + ?Sized>(journal: &J, id: Uuid, filter: &Filter) -> Result<Option<Entry>> {
    const AT_ONCE: usize = 256;
    let text = id.to_string();
    let is_it = |entry: &Entry| match &entry.event {
        Ok(event) => event.id == id,
        Err(unreadable) => unreadable.id == text,
    };
    let mut before = u64::MAX;
    while before > 0 {
        let page = journal.read_back(before, filter, AT_ONCE).await?;
        if let Some(found) = page.entries.into_iter().find(is_it) {
            return Ok(Some(found));
        }
        before = page.upto;
    }
    Ok(None)
}

/// A part of the log.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The events, in their order.
    pub entries: Vec<Entry>,
    /// No further event that the filter lets through will ever appear at or below this seq. At least that of the last entry.
    /// Read backwards: there is none between this seq and the one before which was read. At most that of the last entry.
    pub upto: u64,
    /// About how many bytes the events have together, as JSON, so that a reader can tell how much it holds; 0 where that isn't known.
    pub bytes: u64,
}

/// An event in the log.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its place: later ones are larger, and none is used twice.
    pub seq: u64,
    /// The event, unless what is stored there isn't one.
    pub event: std::result::Result<Record, Unreadable>,
}

/// What is in the place of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its id, as far as there is one.
    pub id: String,
    /// Its name, as far as there is one.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

/// A value and its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// By which the next [`save`](Journal::save) tells that nothing came between.
    pub version: u64,
    /// The value.
    pub value: Vec<u8>,
}
