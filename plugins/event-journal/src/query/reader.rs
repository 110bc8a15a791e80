//! How a query's events come out of the journal, one page after the other.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use crate::error::Result;
use crate::journal::{self, Entry, Filter, Page};
use crate::query::store::Store;
use crate::query::stored::ReadRecord;

/// How many events are read at once.
const AT_ONCE: usize = 256;

/// What a query asks for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    pub(crate) filter: Filter,
    pub(crate) newest_first: bool,
    pub(crate) limit: Option<u64>,
}

/// Events that were read but not returned yet, and the position of the next read.
pub(crate) struct Reader<T> {
    pub(crate) store: Store,
    read: ReadRecord<T>,
    filter: Arc<Filter>,
    newest_first: bool,
    /// How far it has read.
    pub(crate) position: u64,
    left: Option<u64>,
    buffer: VecDeque<Result<T>>,
    reading: Option<Reading>,
}

type Reading = Pin<Box<dyn Future<Output = journal::Result<Page>> + Send>>;

impl<T: Send + 'static> Reader<T> {
    pub(crate) fn new(store: Store, query: Query, read: ReadRecord<T>) -> Self {
        let Query { filter, newest_first, limit } = query;
        let position =
            if newest_first { filter.before.unwrap_or(u64::MAX) } else { filter.after.unwrap_or(0) };
        Self {
            store,
            read,
            filter: Arc::new(filter),
            newest_first,
            position,
            left: limit,
            buffer: VecDeque::new(),
            reading: None,
        }
    }

    pub(crate) fn buffered(&mut self) -> Option<Result<T>> {
        self.buffer.pop_front()
    }

    /// Whether no more are wanted.
    pub(crate) fn is_full(&self) -> bool {
        self.left == Some(0)
    }

    /// Reads the next page; gives whether it is the last one.
    pub(crate) fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<journal::Result<bool>> {
        if self.is_full() {
            return Poll::Ready(Ok(true));
        }
        let Self { store, filter, newest_first, position, left, reading, .. } = self;
        let (position, newest_first) = (*position, *newest_first);
        let limit =
            left.and_then(|left| usize::try_from(left).ok()).map_or(AT_ONCE, |left| left.min(AT_ONCE));
        let reading = reading.get_or_insert_with(|| {
            let (journal, filter) = (store.journal().clone(), filter.clone());
            Box::pin(async move {
                if newest_first {
                    return journal.read_back(position, &filter, limit).await;
                }
                match journal.read(position, &filter, limit).await {
                    // What is left of it is what was asked for.
                    Err(journal::Error::Gone { first }) if first > position + 1 => {
                        journal.read(first - 1, &filter, limit).await
                    }
                    read => read,
                }
            })
        });
        let page = ready!(reading.as_mut().poll(context));
        self.reading = None;
        let Page { entries, upto, .. } = page?;
        let last = entries.last().map(|entry| entry.seq);
        let is_last = if newest_first {
            upto == 0
        } else {
            // A page that is full, or of large events, ends at its last one.
            entries.len() < limit && last != Some(upto)
        };
        self.position = upto.max(if newest_first { 0 } else { position });
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(entries.len() as u64);
        }
        for Entry { seq, event } in entries {
            let read = match event {
                Ok(record) => self.store.read_as(self.read, seq, record),
                Err(unreadable) => Err(self.store.unreadable(seq, unreadable.reason)),
            };
            self.buffer.push_back(read);
        }
        Poll::Ready(Ok(is_last))
    }
}
