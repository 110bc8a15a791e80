//! How an application waits for events that are kept.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::error::{Error, Result};
use crate::journal;
use crate::query::ending::AwaitsEnd;
use crate::query::events::EventStream;
use crate::waiting;

/// Events as they come: a [`Stream`] of `Result<T>`, an iterator by [`wait`](Self::wait). Made by
/// [`Events::follow`](crate::query::Events::follow).
///
/// Each event that matches is in it once, in the order of `seq`. It ends when the app is shut down, or after an error
/// that isn't about one event.
#[must_use = "nothing is read until it is polled"]
pub struct Follow<T> {
    events: EventStream<T>,
    end: AwaitsEnd,
    asks: Option<Asks>,
    from_now: bool,
    /// Everything was read, as far as it was there.
    waits: bool,
    is_over: bool,
}

/// What is asked of the journal between reads.
type Asks = Pin<Box<dyn Future<Output = journal::Result<u64>> + Send>>;

impl<T: Send + 'static> Follow<T> {
    pub(crate) fn new(events: EventStream<T>, from_now: bool) -> Self {
        let end = AwaitsEnd::of(events.reader.store.ending().clone());
        Self { events, end, asks: None, from_now, waits: false, is_over: false }
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
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<journal::Result<()>> {
        let reader = &mut self.events.reader;
        if self.from_now {
            let journal = reader.store.journal();
            let end = self.asks.get_or_insert_with(|| {
                let journal = journal.clone();
                Box::pin(async move { journal.end().await })
            });
            let end = ready!(end.as_mut().poll(context));
            self.asks = None;
            reader.position = end?;
            self.from_now = false;
        }
        if self.waits {
            let (journal, position) = (reader.store.journal(), reader.position);
            let newer = self.asks.get_or_insert_with(|| {
                let journal = journal.clone();
                Box::pin(async move { journal.newer(position).await.map(|()| position) })
            });
            if let Poll::Ready(newer) = newer.as_mut().poll(context) {
                self.asks = None;
                newer?;
                self.waits = false;
            } else if self.end.poll_is_over(context) {
                return Poll::Ready(Err(journal::Error::Closed));
            } else {
                return Poll::Pending;
            }
        }
        self.waits = ready!(reader.poll_read(context))?;
        Poll::Ready(Ok(()))
    }
}

// Nothing in it is ever pinned.
impl<T> Unpin for Follow<T> {}

impl<T: Send + 'static> Stream for Follow<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if let Some(mistake) = self.events.mistake.take() {
            self.is_over = true;
            return Poll::Ready(Some(Err(Error::NoName(mistake))));
        }
        loop {
            if let Some(event) = self.events.reader.buffered() {
                return Poll::Ready(Some(event));
            }
            if self.is_over || self.events.reader.is_full() {
                self.asks = None;
                return Poll::Ready(None);
            }
            match ready!(self.poll_read(context)) {
                Ok(()) => {}
                Err(journal::Error::Closed) => self.is_over = true,
                Err(cause) => {
                    self.is_over = true;
                    return Poll::Ready(Some(Err(self.events.reader.store.failed(cause))));
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
