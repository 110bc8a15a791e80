//! A journal in memory, for tests.

use std::collections::{BTreeMap, HashSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use event_core::{Durability, Record};
use uuid::Uuid;

use crate::journal::{Entry, Error, Filter, Journal, Page, Pending, Result, Saved};

/// A journal that is gone with the process. Clones are the same journal: a test gives it to one app after another.
///
/// ```
/// use event_core::prelude::*;
/// use event_journal::{JournalExt, MemoryJournal};
///
/// #[derive(Event, serde::Deserialize)]
/// struct OrderPlaced {
///     order: u64,
/// }
///
/// #[hookimpl(track_event, durable)]
/// fn tell_billing(event: &OrderPlaced) {
///     println!("order {}", event.order);
/// }
///
/// let app = event_journal::testing::app(&MemoryJournal::new()).event::<OrderPlaced>().hook(tell_billing).start().wait()?;
/// app.track(OrderPlaced { order: 7 }).wait()?;
/// app.deliveries()?.settled().wait()?;
/// assert_eq!(app.deliveries()?.consumers().wait()?[0].delivered, 1);
/// app.shutdown().wait()?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MemoryJournal(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    identity: String,
    events: Vec<Record>,
    /// How many events were removed.
    trimmed: u64,
    ids: HashSet<Uuid>,
    values: BTreeMap<String, Saved>,
    last_version: u64,
    waiting: Vec<Waker>,
}

impl Default for MemoryJournal {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryJournal {
    /// An empty one.
    pub fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            identity: Uuid::new_v4().to_string(),
            events: Vec::new(),
            trimmed: 0,
            ids: HashSet::new(),
            values: BTreeMap::new(),
            last_version: 0,
            waiting: Vec::new(),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn end(&self) -> u64 {
        self.trimmed + self.events.len() as u64
    }

    fn append(&mut self, events: &[Record]) -> u64 {
        for event in events {
            if self.ids.insert(event.id) {
                self.events.push(event.clone());
            }
        }
        std::mem::take(&mut self.waiting).into_iter().for_each(Waker::wake);
        self.end()
    }

    fn read(&self, after: u64, filter: &Filter, limit: usize) -> Result<Page> {
        if after < self.trimmed {
            return Err(Error::Gone { first: self.trimmed + 1 });
        }
        let from = usize::try_from(after - self.trimmed).unwrap_or(usize::MAX);
        let mut page = Page { entries: Vec::new(), upto: self.end().max(after) };
        for (event, seq) in self.events.iter().skip(from).zip(after + 1..) {
            if filter.lets_through(&event.name) {
                page.entries.push(Entry { seq, event: Ok(event.clone()) });
                if page.entries.len() == limit {
                    page.upto = seq;
                    break;
                }
            }
        }
        Ok(page)
    }

    fn save(&mut self, key: &str, expected: u64, value: Option<&[u8]>) -> Result<u64> {
        if self.values.get(key).map_or(0, |saved| saved.version) != expected {
            return Err(Error::Conflict);
        }
        self.last_version += 1;
        let version = self.last_version;
        match value {
            Some(value) => self.values.insert(key.to_owned(), Saved { version, value: value.to_owned() }),
            None => self.values.remove(key),
        };
        Ok(version)
    }
}

fn ready<'a, T: Send + 'a>(result: Result<T>) -> Pending<'a, T> {
    Box::pin(std::future::ready(result))
}

impl Journal for MemoryJournal {
    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn identity(&self) -> Pending<'_, String> {
        ready(Ok(self.lock().identity.clone()))
    }

    fn append<'a>(&'a self, events: &'a [Record]) -> Pending<'a, u64> {
        Box::pin(async move { Ok(self.lock().append(events)) })
    }

    fn end(&self) -> Pending<'_, u64> {
        ready(Ok(self.lock().end()))
    }

    fn read<'a>(&'a self, after: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        ready(self.lock().read(after, filter, limit))
    }

    fn newer(&self, than: u64) -> Pending<'_, ()> {
        Box::pin(poll_fn(move |context| {
            let mut state = self.lock();
            if state.end() > than {
                return Poll::Ready(Ok(()));
            }
            state.waiting.retain(|waker| !waker.will_wake(context.waker()));
            state.waiting.push(context.waker().clone());
            Poll::Pending
        }))
    }

    fn count<'a>(&'a self, after: u64, filter: &'a Filter, most: u64) -> Pending<'a, u64> {
        let state = self.lock();
        let from = usize::try_from(after.saturating_sub(state.trimmed)).unwrap_or(usize::MAX);
        let count = state.events.iter().skip(from).filter(|event| filter.lets_through(&event.name)).count();
        ready(Ok((count as u64).min(most)))
    }

    fn load<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Saved>> {
        ready(Ok(self.lock().values.get(key).cloned()))
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        expected: u64,
        value: Option<&'a [u8]>,
        _: Durability,
    ) -> Pending<'a, u64> {
        Box::pin(async move { self.lock().save(key, expected, value) })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: &'a str,
        limit: usize,
    ) -> Pending<'a, Vec<(String, Saved)>> {
        let state = self.lock();
        let from = after.max(prefix).to_owned();
        let keys = state.values.range(from..).skip_while(|(key, _)| key.as_str() <= after);
        let of_prefix = keys.take_while(|(key, _)| key.starts_with(prefix)).take(limit);
        ready(Ok(of_prefix.map(|(key, saved)| (key.clone(), saved.clone())).collect()))
    }
}
