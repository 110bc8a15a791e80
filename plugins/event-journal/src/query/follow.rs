//! How an application waits for events that are stored.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use event_journal::waiting::{self, ChangeSignal, Follower};
use futures_core::Stream;
use rusqlite::OptionalExtension;

use crate::error::{Error, Result, Waiting};
use crate::store::events::EventStream;
use crate::store::stored::FromColumns;

/// Events as they come: a [`Stream`] of `Result<T>`, an iterator by [`wait`](Self::wait). Made by
/// [`Events::follow`](crate::Events::follow).
///
/// Each event that matches is in it once, in the order of `seq`. It ends when the app is shut down, or after an error
/// that isn't about one row.
#[must_use = "nothing is read until it is polled"]
pub struct Follow<T> {
    events: EventStream<T>,
    changes: Arc<ChangeSignal>,
    /// Set at the first poll.
    follower: Option<Follower>,
    /// Reads the end of the store, for a follower of new events only.
    end: Option<Waiting<i64>>,
    from_now: bool,
    /// What had been published when the last read began.
    seen: u64,
    waits: bool,
    is_over: bool,
}

impl<T: FromColumns> Follow<T> {
    pub(crate) fn new(events: EventStream<T>, changes: Arc<ChangeSignal>, from_now: bool) -> Self {
        Self { events, changes, follower: None, end: None, from_now, seen: 0, waits: false, is_over: false }
    }

    /// The next event, when there is one; `None` when the app is shut down.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The events as an iterator that waits on this thread.
    pub fn wait(mut self) -> impl Iterator<Item = Result<T>> {
        std::iter::from_fn(move || waiting::block_on(self.next(), || {}))
    }

    /// Reads again when there may be new events.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Result<()>> {
        let reader = &mut self.events.reader;
        let database = &reader.database;
        let follower = self.follower.get_or_insert_with(|| {
            let connect = database.connects();
            self.changes.follow(move || connect().ok().map(|connection| move || connection.data_version()))
        });
        if self.from_now {
            let end = self.end.get_or_insert_with(|| {
                let last = "SELECT seq FROM main.events ORDER BY seq DESC LIMIT 1";
                database.read(move |connection| {
                    Ok(connection.query_row(last, (), |row| row.get(0)).optional()?.unwrap_or(0))
                })
            });
            reader.position = Some(ready!(Pin::new(end).poll(context))?);
            (self.end, self.from_now) = (None, false);
        }
        if self.waits {
            ready!(follower.poll_newer(self.seen, context));
            self.waits = false;
        }
        if !reader.is_reading() {
            // Before the read begins, or events that come during it would go unnoticed.
            self.seen = self.changes.count();
        }
        self.waits = ready!(reader.poll_read(context))?;
        Poll::Ready(Ok(()))
    }
}

// Nothing in it is ever pinned.
impl<T> Unpin for Follow<T> {}

impl<T: FromColumns> Stream for Follow<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if let Some(mistake) = self.events.mistake.take() {
            self.is_over = true;
            return Poll::Ready(Some(Err(mistake)));
        }
        loop {
            if let Some(event) = self.events.reader.buffered() {
                return Poll::Ready(Some(event));
            }
            if self.is_over || self.events.reader.is_full() {
                self.follower = None;
                return Poll::Ready(None);
            }
            match ready!(self.poll_read(context)) {
                Ok(()) => {}
                Err(Error::Closed { .. }) => self.is_over = true,
                Err(error) => {
                    self.is_over = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}

impl<T> std::fmt::Debug for Follow<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Follow").field(&self.events).finish()
    }
}
