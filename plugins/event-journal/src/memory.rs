//! A journal in memory, for tests.

use std::collections::{BTreeMap, HashMap};
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
    /// Where the event with an id is.
    ids: HashMap<Uuid, usize>,
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
            ids: HashMap::new(),
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
        self.events.len() as u64
    }

    fn append(&mut self, events: &[Record]) -> Result<u64> {
        let mut new: Vec<Record> = Vec::new();
        for event in events {
            let known = match self.ids.get(&event.id) {
                Some(place) => Some(&self.events[*place]),
                None => new.iter().find(|it| it.id == event.id),
            };
            match known.map(|known| difference(known, event)) {
                None => new.push(event.clone()),
                Some(None) => {}
                Some(Some(other)) => {
                    let taken =
                        format!("the id {} belongs to another event, which differs in its {other}", event.id);
                    return Err(Error::Refused(Arc::new(std::io::Error::other(taken))));
                }
            }
        }
        for event in new {
            self.ids.insert(event.id, self.events.len());
            self.events.push(event);
        }
        std::mem::take(&mut self.waiting).into_iter().for_each(Waker::wake);
        Ok(self.end())
    }

    fn read(&self, after: u64, filter: &Filter, limit: usize) -> Page {
        let mut page = Page { upto: self.end().max(after), ..Page::default() };
        let from = usize::try_from(after).unwrap_or(usize::MAX);
        for (event, seq) in self.events.iter().skip(from).zip(after.saturating_add(1)..) {
            if filter.lets_through(seq, event) {
                page.entries.push(Entry { seq, event: Ok(event.clone()) });
                if page.entries.len() == limit {
                    page.upto = seq;
                    break;
                }
            }
        }
        page
    }

    fn read_back(&self, before: u64, filter: &Filter, limit: usize) -> Page {
        let mut page = Page::default();
        let earlier = usize::try_from(before.saturating_sub(1)).unwrap_or(usize::MAX).min(self.events.len());
        for (event, seq) in self.events[..earlier].iter().rev().zip((1..=earlier as u64).rev()) {
            if page.entries.len() == limit {
                page.upto = page.entries.last().map_or(before, |last| last.seq);
                break;
            }
            if filter.lets_through(seq, event) {
                page.entries.push(Entry { seq, event: Ok(event.clone()) });
            }
        }
        page
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

/// What two events with one id differ in, if they are two.
fn difference(known: &Record, event: &Record) -> Option<&'static str> {
    let Record { name, version, actor, properties, .. } = known;
    if *name != event.name {
        Some("name")
    } else if *version != event.version {
        Some("version")
    } else if *actor != event.actor {
        Some("actor")
    } else if *properties != event.properties {
        Some("properties")
    } else {
        None
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
        Box::pin(async move { self.lock().append(events) })
    }

    fn end(&self) -> Pending<'_, u64> {
        ready(Ok(self.lock().end()))
    }

    fn read<'a>(&'a self, after: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        ready(Ok(self.lock().read(after, filter, limit)))
    }

    fn read_back<'a>(&'a self, before: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        ready(Ok(self.lock().read_back(before, filter, limit)))
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
        let from = usize::try_from(after).unwrap_or(usize::MAX);
        let later = (1..).zip(&state.events).skip(from);
        let count = later.filter(|(seq, event)| filter.lets_through(*seq, event)).count();
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
