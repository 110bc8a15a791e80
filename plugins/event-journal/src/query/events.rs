//! How an application asks for events, and reads them.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use chrono::{DateTime, Utc};
use event_core::plugin::NamePattern;
use event_journal::waiting;
use futures_core::Stream;

use crate::database::Database;
use crate::error::{Error, Result, Waiting};
use crate::store::Store;
use crate::store::follow::Follow;
use crate::store::query::{Chunk, Query};
use crate::store::stored::{FromColumns, Stored};

/// A query for events: `store.events()`, and filters. Oldest first by default.
#[derive(Clone, Debug)]
#[must_use = "nothing is read until it is listed, streamed or followed"]
pub struct Events<T = Stored> {
    store: Store,
    query: Query,
    limit: Option<u64>,
    /// An invalid pattern.
    mistake: Option<Error>,
    item: PhantomData<fn() -> T>,
}

impl<T: FromColumns> Events<T> {
    pub(crate) fn new(store: Store) -> Self {
        Self { store, query: Query::default(), limit: None, mistake: None, item: PhantomData }
    }

    /// Those of this name; `*` in it stands for any text, as in `user-*`. Several names are any of them.
    pub fn name(mut self, pattern: impl Into<String>) -> Self {
        match NamePattern::try_from(pattern.into()) {
            Ok(pattern) => self.query.names.push(pattern),
            Err(mistake) => self.mistake = Some(Error::NoName(mistake)),
        }
        self
    }

    /// Those that an actor of this `id` caused.
    pub fn actor(mut self, id: impl Into<String>) -> Self {
        self.query.actor = Some(id.into());
        self
    }

    /// Those that happened then or later.
    pub fn since(mut self, time: DateTime<Utc>) -> Self {
        self.query.since = Some(time);
        self
    }

    /// Those that happened before.
    pub fn until(mut self, time: DateTime<Utc>) -> Self {
        self.query.until = Some(time);
        self
    }

    /// Those whose `seq` is larger.
    pub fn after(mut self, seq: i64) -> Self {
        self.query.after = Some(seq);
        self
    }

    /// Those whose `seq` is smaller.
    pub fn before(mut self, seq: i64) -> Self {
        self.query.before = Some(seq);
        self
    }

    /// So many at most.
    pub fn limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
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
    /// When the database can't be read. [`Error::UnreadableRows`], with the `seq` of each, when rows can't be read as a
    /// `T`; [`stream`](Self::stream) gives the others all the same.
    #[track_caller]
    pub fn list(self) -> Waiting<Vec<T>> {
        let reads = self.store.database.reads();
        let mut stream = self.stream();
        Waiting::on(reads, Location::caller(), async move {
            let mut events = Vec::new();
            let mut unreadable = None;
            while let Some(event) = stream.next().await {
                match event {
                    Ok(event) => events.push(event),
                    Err(Error::Unreadable { path, seq, cause }) => {
                        let (_, seqs, _) = unreadable.get_or_insert_with(|| (path, Vec::new(), cause));
                        seqs.push(seq);
                    }
                    Err(error) => return Err(error),
                }
            }
            match unreadable {
                None => Ok(events),
                Some((path, seqs, cause)) => Err(Error::UnreadableRows { path, seqs, cause }),
            }
        })
    }

    /// One after the other, for any number of them. No lock is held and no transaction is open between two chunks, so
    /// a slow reader blocks no write; events that are added meanwhile are in the stream, if they belong at its end.
    pub fn stream(self) -> EventStream<T> {
        EventStream {
            reader: Reader {
                database: self.store.database.clone(),
                query: Arc::new(self.query),
                position: None,
                left: self.limit,
                buffer: VecDeque::new(),
                reading: None,
            },
            mistake: self.mistake,
            is_over: false,
        }
    }

    /// One after the other, then new events as they come, also from other processes, until the app is shut down. Oldest
    /// first.
    ///
    /// Without [`after`](Self::after), it begins with the events after its first poll.
    pub fn follow(mut self) -> Follow<T> {
        self.query.newest_first = false;
        let changes = self.store.appender.table_state().changes.clone();
        let from_now = self.query.after.is_none();
        Follow::new(self.stream(), changes, from_now)
    }
}

/// Events as they are read: a [`Stream`] of `Result<T>`, an iterator by [`wait`](Self::wait).
///
/// A row that can't be read as a `T` is an error, after which the stream goes on. It ends after any other error.
#[must_use = "nothing is read until it is polled"]
pub struct EventStream<T> {
    pub(crate) reader: Reader<T>,
    pub(crate) mistake: Option<Error>,
    is_over: bool,
}

/// Events that were read but not returned yet, and the position of the next read.
pub(crate) struct Reader<T> {
    pub(crate) database: Database,
    pub(crate) query: Arc<Query>,
    /// The place of the event that was read last.
    pub(crate) position: Option<i64>,
    left: Option<u64>,
    buffer: VecDeque<(i64, serde_json::Result<T>)>,
    reading: Option<Waiting<Chunk<T>>>,
}

impl<T: FromColumns> EventStream<T> {
    /// The next event, if there is one.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The events as an iterator that waits on this thread.
    #[track_caller]
    pub fn wait(mut self) -> impl Iterator<Item = Result<T>> {
        let (reads, place) = (self.reader.database.reads(), Location::caller());
        std::iter::from_fn(move || waiting::block_on(self.next(), || reads.report_late(place)))
    }
}

// Nothing in it is ever pinned.
impl<T> Unpin for EventStream<T> {}

impl<T: FromColumns> Stream for EventStream<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if let Some(mistake) = self.mistake.take() {
            self.is_over = true;
            return Poll::Ready(Some(Err(mistake)));
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
                Err(error) => {
                    self.is_over = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl<T: FromColumns> Reader<T> {
    pub(crate) fn buffered(&mut self) -> Option<Result<T>> {
        let (seq, event) = self.buffer.pop_front()?;
        let path = self.database.path();
        Some(event.map_err(|cause| Error::Unreadable { path: path.to_owned(), seq, cause: Arc::new(cause) }))
    }

    /// Reads the next chunk; gives whether it is the last one.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<bool>> {
        if self.left == Some(0) {
            return Poll::Ready(Ok(true));
        }
        let Self { database, query, position, left, .. } = self;
        let reading = self.reading.get_or_insert_with(|| {
            let (query, position, left) = (query.clone(), *position, *left);
            database.read(move |connection| query.chunk(connection, position, left))
        });
        let chunk = ready!(Pin::new(reading).poll(context));
        self.reading = None;
        let Chunk { events, is_last } = chunk?;
        if let Some((seq, _)) = events.last() {
            self.position = Some(*seq);
        }
        if let Some(left) = &mut self.left {
            *left -= events.len() as u64;
        }
        self.buffer.extend(events);
        Poll::Ready(Ok(is_last))
    }

    pub(crate) fn is_reading(&self) -> bool {
        self.reading.is_some()
    }

    /// Whether no more are wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.left == Some(0)
    }
}

impl<T> std::fmt::Debug for EventStream<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EventStream").field("position", &self.reader.position).finish_non_exhaustive()
    }
}
