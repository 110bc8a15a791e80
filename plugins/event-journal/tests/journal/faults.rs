//! A journal that fails when the test says so.

use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, PoisonError};

use event_core::prelude::*;
use event_core::{AppBuilder, Durability, Record};
use event_journal::journal::{Error, Filter, Journal, Page, Pending, Saved};
use event_journal::{MemoryJournal, OpenedJournal};

use crate::orders::Told;

/// What a journal is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    Identity,
    Append,
    End,
    Read(u64),
    Newer,
    Count,
    Load(String),
    Save(String),
    List,
}

/// What the journal does with it.
pub enum Fault {
    None,
    /// It fails, and nothing has happened.
    Before(Error),
    /// It fails, and has happened.
    After(Error),
    /// `newer` returns, though nothing is newer.
    Spurious,
    Panics,
}

/// Decides what fails.
type Faults = Box<dyn FnMut(&Asked) -> Fault + Send>;

/// A journal in memory with faults. Clones are the same journal.
#[derive(Clone)]
pub struct FaultyJournal {
    journal: MemoryJournal,
    faults: Arc<Mutex<Faults>>,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// The test hears when the last clone is gone.
    token: Option<Sender<()>>,
    /// In place of its own.
    identity: Option<String>,
}

pub fn unavailable() -> Error {
    Error::Unavailable(Arc::new(std::io::Error::other("the network is down")))
}

impl FaultyJournal {
    pub fn new() -> Self {
        Self::over(&MemoryJournal::new())
    }

    pub fn over(journal: &MemoryJournal) -> Self {
        let faults: Faults = Box::new(|_| Fault::None);
        Self {
            journal: journal.clone(),
            faults: Arc::new(Mutex::new(faults)),
            asked: Arc::default(),
            token: None,
            identity: None,
        }
    }

    pub fn with_token(mut self, token: Sender<()>) -> Self {
        self.token = Some(token);
        self
    }

    pub fn with_identity(mut self, identity: &str) -> Self {
        self.identity = Some(identity.to_owned());
        self
    }

    /// From now on.
    pub fn set(&self, faults: impl FnMut(&Asked) -> Fault + Send + 'static) {
        *self.faults.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(faults);
    }

    pub fn heal(&self) {
        self.set(|_| Fault::None);
    }

    /// What it was asked for, since this was asked last.
    pub fn take_asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn app(&self) -> AppBuilder {
        App::builder()
            .without_linked()
            .insert(self.clone())
            .hook(open_faulty)
            .hook(keep_in_faulty)
            .hook(event_journal::open_the_journal)
            .hook(event_journal::begin_to_deliver)
            .hook(event_journal::stop_delivering)
    }

    fn ask<'a, T: Send + 'a>(&self, asked: Asked, pending: Pending<'a, T>) -> Pending<'a, T> {
        match self.fault(asked) {
            Fault::None => pending,
            Fault::Before(error) => Box::pin(std::future::ready(Err(error))),
            Fault::After(error) => Box::pin(async move {
                pending.await?;
                Err(error)
            }),
            Fault::Spurious => unreachable!("only `newer` can be told so"),
            Fault::Panics => panic!("the journal panics"),
        }
    }

    fn fault(&self, asked: Asked) -> Fault {
        let fault = (self.faults.lock().unwrap_or_else(PoisonError::into_inner))(&asked);
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
        fault
    }
}

#[hookimpl(event_journal::open_journal)]
fn open_faulty(app: &App) -> Option<OpenedJournal> {
    let journal = app.state::<FaultyJournal>().ok()?;
    Some(OpenedJournal::new(env!("CARGO_PKG_NAME"), (*journal).clone()))
}

#[hookimpl(track_event, essential, trylast)]
async fn keep_in_faulty(app: &App, event: &Tracked) -> Told {
    app.state::<FaultyJournal>()?.append(&[event.to_record()?]).await?;
    Ok(())
}

impl Journal for FaultyJournal {
    fn place(&self) -> String {
        "memory, with faults".to_owned()
    }

    fn identity(&self) -> Pending<'_, String> {
        let own = self.journal.identity();
        match &self.identity {
            Some(identity) => self.ask(Asked::Identity, Box::pin(std::future::ready(Ok(identity.clone())))),
            None => self.ask(Asked::Identity, own),
        }
    }

    fn append<'a>(&'a self, events: &'a [Record]) -> Pending<'a, u64> {
        self.ask(Asked::Append, self.journal.append(events))
    }

    fn end(&self) -> Pending<'_, u64> {
        self.ask(Asked::End, self.journal.end())
    }

    fn read<'a>(&'a self, after: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        self.ask(Asked::Read(after), self.journal.read(after, filter, limit))
    }

    fn read_back<'a>(&'a self, before: u64, filter: &'a Filter, limit: usize) -> Pending<'a, Page> {
        self.ask(Asked::Read(before), self.journal.read_back(before, filter, limit))
    }

    fn newer(&self, than: u64) -> Pending<'_, ()> {
        match self.fault(Asked::Newer) {
            Fault::Spurious => Box::pin(std::future::ready(Ok(()))),
            Fault::Before(error) | Fault::After(error) => Box::pin(std::future::ready(Err(error))),
            Fault::None => self.journal.newer(than),
            Fault::Panics => panic!("the journal panics"),
        }
    }

    fn count<'a>(&'a self, after: u64, filter: &'a Filter, most: u64) -> Pending<'a, u64> {
        self.ask(Asked::Count, self.journal.count(after, filter, most))
    }

    fn load<'a>(&'a self, key: &'a str) -> Pending<'a, Option<Saved>> {
        self.ask(Asked::Load(key.to_owned()), self.journal.load(key))
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        expected: u64,
        value: Option<&'a [u8]>,
        durability: Durability,
    ) -> Pending<'a, u64> {
        self.ask(Asked::Save(key.to_owned()), self.journal.save(key, expected, value, durability))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: &'a str,
        limit: usize,
    ) -> Pending<'a, Vec<(String, Saved)>> {
        self.ask(Asked::List, self.journal.list(prefix, after, limit))
    }
}
