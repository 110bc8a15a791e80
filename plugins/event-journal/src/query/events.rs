//! How an application asks for events, and reads them.

use std::future::poll_fn;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use chrono::{DateTime, Utc};
use event_core::plugin::{NamePattern, NamePatternError};
use futures_core::Stream;

use crate::error::{Error, Result};
use crate::query::follow::Follow;
use crate::query::reader::{Query, Reader};
use crate::query::store::Store;
use crate::query::stored::{ReadRecord, Stored};
use crate::waiting::{self, Waiting};

/// A query for events: `store.events()`, and filters. Oldest first by default.
#[derive(Clone, Debug)]
#[must_use = "nothing is read until it is listed, streamed or followed"]
pub struct Events<T = Stored> {
    store: Store,
    query: Query,
    /// An invalid pattern.
    mistake: Option<NamePatternError>,
    read: ReadRecord<T>,
}

impl<T: Send + 'static> Events<T> {
    pub(crate) fn new(store: Store, read: ReadRecord<T>) -> Self {
        Self { store, query: Query::default(), mistake: None, read }
    }

    /// Those of this name; `*` in it stands for any text, as in `user-*`. Several names are any of them.
    pub fn name(mut self, pattern: impl Into<String>) -> Self {
        match NamePattern::try_from(pattern.into()) {
            Ok(pattern) => self.query.filter.names.get_or_insert_default().push(pattern),
            Err(mistake) => self.mistake = Some(mistake),
        }
        self
    }

    /// Those that an actor of this `id` caused.
    pub fn actor(mut self, id: impl Into<String>) -> Self {
        self.query.filter.actor = Some(id.into());
        self
    }

    /// Those that happened then or later.
    pub fn since(mut self, time: DateTime<Utc>) -> Self {
        self.query.filter.since = Some(time);
        self
    }

    /// Those that happened before.
    pub fn until(mut self, time: DateTime<Utc>) -> Self {
        self.query.filter.until = Some(time);
        self
    }

    /// Those whose `seq` is larger.
    pub fn after(mut self, seq: u64) -> Self {
        self.query.filter.after = Some(seq);
        self
    }

    /// Those whose `seq` is smaller.
    pub fn before(mut self, seq: u64) -> Self {
        self.query.filter.before = Some(seq);
        self
    }

    /// So many at most.
    pub fn limit(mut self, limit: u64) -> Self {
        self.query.limit = Some(limit);
        self
    }

    /// The newest first.
    pub fn newest_first(mut self) -> Self {
        self.query.newest_first = true;
        self
    }

    /// All of them at once, as far as they fit in memory.
    ///
    /// # Errors
    /// When the journal can't be read. [`Error::UnreadableEvents`], with the `seq` of each, when events can't be read as a
    /// `T`; [`stream`](Self::stream) gives the others all the same.
    #[track_caller]
    pub fn list(self) -> Waiting<Vec<T>, Error> {
        let reads = self.store.reads();
        let mut stream = self.stream();
        Waiting::on(reads, Location::caller(), async move {
            let mut events = Vec::new();
            let mut unreadable = None;
            while let Some(event) = stream.next().await {
                match event {
                    Ok(event) => events.push(event),
                    Err(Error::Unreadable { place, seq, reason }) => {
                        let (_, seqs, _) = unreadable.get_or_insert_with(|| (place, Vec::new(), reason));
                        seqs.push(seq);
                    }
                    Err(error) => return Err(error),
                }
            }
            match unreadable {
                None => Ok(events),
                Some((place, seqs, reason)) => Err(Error::UnreadableEvents { place, seqs, reason }),
            }
        })
    }

    /// One after the other, for any number of them. No lock is held and no transaction is open between two pages, so
    /// a slow reader blocks no write; events that are added meanwhile are in the stream, if they belong at its end.
    pub fn stream(self) -> EventStream<T> {
        let Self { store, query, mistake, read } = self;
        EventStream { reader: Reader::new(store, query, read), mistake, is_over: false }
    }

    /// One after the other, then new events as they come, also from other processes, until the app is shut down. Oldest
    /// first.
    ///
    /// Without [`after`](Self::after) and [`since`](Self::since), it begins with the events after its first poll.
    pub fn follow(mut self) -> Follow<T> {
        self.query.newest_first = false;
        let filter = &self.query.filter;
        let from_now = filter.after.is_none() && filter.since.is_none();
        Follow::new(self.stream(), from_now)
    }
}

/// Events as they are read: a [`Stream`] of `Result<T>`, an iterator by [`wait`](Self::wait).
///
/// An event that can't be read as a `T` is an error, after which the stream goes on. It ends after any other error.
#[must_use = "nothing is read until it is polled"]
pub struct EventStream<T> {
    pub(crate) reader: Reader<T>,
    pub(crate) mistake: Option<NamePatternError>,
    is_over: bool,
}

impl<T: Send + 'static> EventStream<T> {
    /// The next event, if there is one.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The events as an iterator that waits on this thread.
    #[track_caller]
    pub fn wait(mut self) -> impl Iterator<Item = Result<T>> {
        let (reads, place) = (self.reader.store.reads(), Location::caller());
        std::iter::from_fn(move || waiting::block_on(self.next(), || reads.report_late(place)))
    }
}

// Nothing in it is ever pinned.
impl<T> Unpin for EventStream<T> {}

impl<T: Send + 'static> Stream for EventStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if let Some(mistake) = self.mistake.take() {
            self.is_over = true;
            return Poll::Ready(Some(Err(Error::NoName(mistake))));
        }
        loop {
            if let Some(event) = self.reader.buffered() {
                return Poll::Ready(Some(event));
            }
            if self.is_over {
                return Poll::Ready(None);
            }
            match ready!(self.reader.poll_read(context)) {
                Ok(is_last) => self.is_over = is_last,
                Err(cause) => {
                    self.is_over = true;
                    return Poll::Ready(Some(Err(self.reader.store.failed(cause))));
                }
            }
        }
    }
}

impl<T> std::fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").field("position", &self.reader.position).finish_non_exhaustive()
    }
}
