//! What a journal is: a log of events, and small values that are saved by compare-and-set.

mod error;

use std::future::Future;
use std::pin::Pin;

use event_core::{Durability, Record};

pub use self::error::{Error, Result};

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

    /// Appends events in their order; gives the seq of the last one. Durable when it is done. An event whose id is known is
    /// no second event.
    fn append<'a>(&'a self, events: &'a [Record]) -> Pending<'a, u64>;

    /// The seq up to which everything is decided: no event will appear at or below it any more. 0 without events.
    fn end(&self) -> Pending<'_, u64>;

    /// The events after this seq that the filter lets through, in their order: so many at most.
    fn read<'a>(&'a self, after: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page>;

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

/// Which events are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    names: Option<Vec<String>>,
}

impl Filter {
    /// Every event.
    pub fn all() -> Self {
        Self::default()
    }

    /// The events of these names.
    pub fn of_names(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut names: Vec<String> = names.into_iter().map(Into::into).collect();
        names.sort();
        names.dedup();
        Self { names: Some(names) }
    }

    /// The names, sorted; `None` for every event.
    pub fn names(&self) -> Option<&[String]> {
        self.names.as_deref()
    }

    /// Whether an event of this name is let through.
    pub fn lets_through(&self, name: &str) -> bool {
        self.names.as_ref().is_none_or(|names| names.binary_search_by(|it| it.as_str().cmp(name)).is_ok())
    }
}

/// A part of the log.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The events, in their order.
    pub entries: Vec<Entry>,
    /// No further event that the filter lets through will ever appear at or below this seq. At least that of the last entry.
    pub upto: u64,
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
